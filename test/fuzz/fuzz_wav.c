/* SPDX-License-Identifier: Apache-2.0 */
/* A recording of anybody's: read or refused, and what a line gets of it is bounded. */
#include "fuzz.h"
#include "speech/wav.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span octets = fuzz_copy(data, len);
	const char *why = NULL;
	struct pcm pcm;

	if (wav_read(octets, &pcm, &why) == OK) {
		INVARIANT(pcm.count <= len);
		pcm_make_line(&pcm);
		INVARIANT(pcm.hz == PCM_LINE_HZ);
		INVARIANT(pcm.count <= 2 * len + 1);
		INVARIANT((pcm.samples == NULL) == (pcm.count == 0));
	} else {
		INVARIANT(why != NULL && pcm.samples == NULL);
	}
	pcm_fini(&pcm);
	fuzz_forget(octets);
	return 0;
}
