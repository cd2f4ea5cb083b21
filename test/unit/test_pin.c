/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PINs against vectors computed by another program from the definition alone, the
 * evenness of the symbols, and what counts as the right PIN.
 */
#include "unit.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/secret.h"
#include "twofa/pin.h"

static void
read_octets(const json_t *vector, const char *name, uint8_t *out, size_t len)
{
	const char *text = json_string_value(json_object_get(vector, name));

	assert_non_null(text);
	assert_true(secret_from_hex(span_of(text), out, len));
}

static enum pin_type
type_of(const json_t *v)
{
	const char *name = json_string_value(json_object_get(v, "type"));
	enum pin_type type;

	assert_true(pin_type_find(span_of(name), &type));
	return pin_type_with(type, json_object_get(v, "alphabet") != NULL);
}

static void
check_vector(size_t i, const json_t *v)
{
	const char *pin = json_string_value(json_object_get(v, "pin"));
	uint8_t key[PIN_KEY_LEN];
	char out[PIN_LENGTH_MAX + 1];
	struct pin_recipe r = {0};

	read_octets(v, "key", key, sizeof(key));
	read_octets(v, "account", r.account.bytes, IDENT_LEN);
	read_octets(v, "application", r.application.bytes, IDENT_LEN);
	read_octets(v, "pin_id", r.pin_id.bytes, IDENT_LEN);
	read_octets(v, "salt", r.salt, PIN_SALT_LEN);
	r.generation = (uint32_t)json_integer_value(json_object_get(v, "generation"));
	r.length = (unsigned)json_integer_value(json_object_get(v, "length"));
	assert_non_null(pin);
	r.type = type_of(v);
	pin_derive(key, &r, out);
	check_case(i, strcmp(out, pin) == 0);
	check_case(i, strlen(out) == r.length);
	check_case(i, pin_matches(r.type, out, span_of(pin)));
}

static void
test_vectors(void **state)
{
	const char *path = getenv("PIN_VECTORS");
	bool seen[PIN_TYPE_COUNT][PIN_LENGTH_MAX + 1] = {{false}};
	json_error_t why;
	json_t *doc;
	json_t *v;
	size_t i;

	(void)state;
	if (path == NULL)
		fail_msg("PIN_VECTORS does not name test/vectors/pin.json");
	doc = json_load_file(path, 0, &why);
	assert_non_null(doc);
	json_array_foreach(doc, i, v)
	{
		check_vector(i, v);
		seen[type_of(v)][json_integer_value(json_object_get(v, "length"))] = true;
	}
	json_decref(doc);
	for (i = 0; i < (size_t)PIN_TYPE_COUNT * PIN_LENGTH_MAX; i++)
		check_case(i, seen[i / PIN_LENGTH_MAX][i % PIN_LENGTH_MAX + 1]);
}

/* A span that may stand in a table. */
#define TEXT(literal)                                                                    \
	{                                                                                \
		(literal), sizeof(literal) - 1                                           \
	}

/* A PIN of 16 must change with every part of its recipe. */
static void
test_each_part_counts(void **state)
{
	struct pin_recipe base = {.type = PIN_ALPHANUMERIC, .length = PIN_LENGTH_MAX};
	struct pin_recipe changed[7];
	uint8_t key[PIN_KEY_LEN] = {1};
	char first[PIN_LENGTH_MAX + 1];
	char other[PIN_LENGTH_MAX + 1];

	(void)state;
	for (size_t i = 0; i < countof(changed); i++)
		changed[i] = base;
	changed[0].account.bytes[15] ^= 1;
	changed[1].application.bytes[15] ^= 1;
	changed[2].pin_id.bytes[15] ^= 1;
	changed[3].salt[15] ^= 1;
	changed[4].generation = 1;
	changed[5].type = PIN_ALPHA;
	changed[6].length--;
	pin_derive(key, &base, first);
	for (size_t i = 0; i < countof(changed); i++) {
		pin_derive(key, &changed[i], other);
		check_case(i, strncmp(first, other, changed[i].length) != 0);
	}
	key[31] ^= 1;
	pin_derive(key, &base, other);
	assert_string_not_equal(first, other);
}

/*
 * Chi-square over many PINs. The bound lies some 8 standard deviations above the mean;
 * `b mod k` without refusing octets exceeds it more than twofold for 10, 26 and 36.
 */
static void
check_even(enum pin_type type)
{
	enum { ROUNDS = 20000 };
	const char *alphabet = pin_type_alphabet(type);
	size_t k = strlen(alphabet);
	double counts[36] = {0};
	double expected = (double)ROUNDS * (double)PIN_LENGTH_MAX / (double)k;
	double chi = 0;
	struct pin_recipe r = {.type = type, .length = PIN_LENGTH_MAX};
	const uint8_t key[PIN_KEY_LEN] = {7};

	for (r.generation = 0; r.generation < ROUNDS; r.generation++) {
		char out[PIN_LENGTH_MAX + 1];

		pin_derive(key, &r, out);
		for (size_t i = 0; i < PIN_LENGTH_MAX; i++) {
			const char *symbol = strchr(alphabet, out[i]);

			assert_true(symbol != NULL && *symbol != '\0');
			counts[symbol - alphabet]++;
		}
	}
	for (size_t i = 0; i < k; i++)
		chi += (counts[i] - expected) * (counts[i] - expected) / expected;
	check_case(type, chi < (double)(k - 1) + 15 + 2 * (double)k);
}

static void
test_symbols_are_even(void **state)
{
	(void)state;
	for (unsigned type = 0; type < PIN_TYPE_COUNT; type++)
		check_even((enum pin_type)type);
}

static void
test_names(void **state)
{
	static const struct {
		const char *text;
		bool found;
		enum pin_type type;
	} cases[] = {{"NUMERIC", true, PIN_NUMERIC}, {"numeric", true, PIN_NUMERIC},
	    {"Alpha", true, PIN_ALPHA}, {"HEX", true, PIN_HEX}, {"HEXA", true, PIN_HEX},
	    {"hexa", true, PIN_HEX}, {"ALPHANUMERIC", true, PIN_ALPHANUMERIC},
	    {"", false, PIN_NUMERIC}, {"HE", false, PIN_NUMERIC},
	    {"HEXAD", false, PIN_NUMERIC}, {"NUMERIC ", false, PIN_NUMERIC},
	    {"ALPHANUMERI", false, PIN_NUMERIC}};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		enum pin_type type;
		bool found = pin_type_find(span_of(cases[i].text), &type);

		check_case(i, found == cases[i].found);
		if (found)
			check_case(i, type == cases[i].type);
	}
	for (unsigned i = 0; i < PIN_TYPE_COUNT; i++) {
		enum pin_type type;

		check_case(
		    i, pin_type_find(span_of(pin_type_name((enum pin_type)i)), &type));
		check_case(i, type == pin_type_with((enum pin_type)i, false));
		check_case(i, pin_type_with(type, pin_type_is_clear((enum pin_type)i)) ==
				  (enum pin_type)i);
	}
}

static const struct {
	const char *pin;
	struct span typed;
	bool right;
} typings[] = {
    {"1234", {"1234", 4}, true},
    {"1234", {" \t1234\t ", 8}, true},
    {"1234567890123456", {"1234567890123456", 16}, true},
    {"0", {"0", 1}, true},
    {"1234", {"", 0}, false},
    {"1234", {NULL, 0}, false},
    {"1234", {"    ", 4}, false},
    {"1234", {"123", 3}, false},
    {"1234", {"12345", 5}, false},
    {"1234", {"2234", 4}, false},
    {"1234", {"1235", 4}, false},
    {"1234", {"12 34", 5}, true},
    {"1234", {"1234\0", 5}, false},
    {"1234", {"1234\0\0\0\0\0\0\0\0\0\0\0\0", 16}, false},
    {"1234567890123456", {"12345678901234567", 17}, false},
    {"1234567890123456", {"123456789012345", 15}, false},
    {"a1b2", {"A1b2", 4}, true},
    {"a1b2", {"a1b2", 4}, true},
    {"a1b2", {"a1b3", 4}, false},
    {"ABCD", {"ABCD", 4}, true},
    {"ABCD", {"abcd", 4}, true},
    {"A1B2", {"A1B2", 4}, true},
    {"A1B2", {"a1B2", 4}, true},
    {"A1B2", {"a1B3", 4}, false},
    /* what keyboards and people put in */
    {"1234", TEXT("1234\r\n"), true},
    {"123456", TEXT("123-456"), true},
    {"123456", TEXT("123.456"), true},
    {"1234", TEXT("1,234"), true},
    {"1234", TEXT("1'234"), true},
    {"1234",
	TEXT("12\xc2\xa0"
	     "34"),
	true},
    {"1234",
	TEXT("\xe2\x80\xad"
	     "1234\xe2\x80\xac"),
	true},
    {"1234", TEXT("\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4"), true},
    {"1234", TEXT("\xef\xbc\x91\xef\xbc\x92\xef\xbc\x93\xef\xbc\x94"), true},
    {"1234567890123456", TEXT("1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6"), true},
    {"ABCD", TEXT("\xef\xbc\xa1\xef\xbd\x82 cd"), true},
    {"AIDI",
	TEXT("a\xc4\xb1"
	     "d\xc4\xb0"),
	true},
    /* and what is another symbol */
    {"1234", TEXT("\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa5"), false},
    {"1234", TEXT("12x34"), false},
    {"1234", TEXT("1234\xff"), false},
    {"1234",
	TEXT("\xc2\xb9"
	     "234"),
	false},
    {"ABCD",
	TEXT("\xd0\x90"
	     "BCD"),
	false},
    {"0789", TEXT("789"), false},
};

static void
test_matches(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(typings); i++)
		check_case(i, pin_matches(PIN_ALPHANUMERIC, typings[i].pin,
				  typings[i].typed) == typings[i].right);
}

/* The only symbol of its look that the alphabet has is meant; where two have it, each
 * stands for itself. */
static void
test_look_alikes(void **state)
{
	static const struct {
		enum pin_type type;
		const char *pin;
		const char *typed;
		bool right;
	} cases[] = {{PIN_NUMERIC_CLEAR, "1203", "I2O3", true},
	    {PIN_NUMERIC_CLEAR, "1203", "l 2o3", true},
	    {PIN_NUMERIC_CLEAR, "1203", "1203", true},
	    {PIN_NUMERIC_CLEAR, "1203", "O2I3", false},
	    {PIN_NUMERIC_CLEAR, "1203", "|2Q3", false},
	    {PIN_NUMERIC_CLEAR, "0000", "oOo0", true},
	    {PIN_HEX_CLEAR, "0a1f", "OalF", true}, {PIN_HEX_CLEAR, "b8b8", "8888", false},
	    {PIN_ALPHA_CLEAR, "LAZY", "1azy", true},
	    {PIN_ALPHA_CLEAR, "LAZY", "Iazy", true},
	    {PIN_ALPHA_CLEAR, "QDUC", "0000", false},
	    {PIN_ALPHANUMERIC_CLEAR, "L2Z5", "12z5", true},
	    {PIN_ALPHANUMERIC_CLEAR, "L2Z5", "i2z5", true},
	    {PIN_ALPHANUMERIC_CLEAR, "L2Z5", "l225", false},
	    {PIN_ALPHANUMERIC_CLEAR, "D2Q5", "02O5", false},
	    {PIN_ALPHANUMERIC_CLEAR, "L", "", false},
	    {PIN_NUMERIC, "1203", "I2O3", false}, {PIN_HEX, "0a1f", "Oalf", false},
	    {PIN_ALPHANUMERIC, "10IO", "IO10", false},
	    {PIN_ALPHA, "LAZY", "IAZY", false}};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		check_case(i, pin_matches(cases[i].type, cases[i].pin,
				  span_of(cases[i].typed)) == cases[i].right);
	assert_true(pin_matches_number(PIN_ALPHANUMERIC_CLEAR, "L222", span_of("1222")));
	assert_true(pin_matches_number(PIN_NUMERIC_CLEAR, "0122", span_of("122")));
}

/* No two symbols of an alphabet are typed as one: a guess is a guess at one PIN. */
static void
test_each_symbol_is_itself(void **state)
{
	(void)state;
	for (unsigned type = 0; type < PIN_TYPE_COUNT; type++) {
		const char *alphabet = pin_type_alphabet((enum pin_type)type);

		for (const char *a = alphabet; *a != '\0'; a++)
			for (const char *b = alphabet; *b != '\0'; b++)
				check_case(type,
				    pin_matches((enum pin_type)type, (char[2]){*a, '\0'},
					(struct span){b, 1}) == (a == b));
	}
	assert_null(strpbrk(pin_type_alphabet(PIN_ALPHANUMERIC_CLEAR), "0O1Il"));
	assert_null(strpbrk(pin_type_alphabet(PIN_ALPHA_CLEAR), "0O1Il"));
}

static void
test_numbers_get_their_zeros_back(void **state)
{
	static const struct {
		const char *pin;
		const char *number;
		bool right;
	} cases[] = {{"0789", "789", true}, {"0000", "0", true}, {"0012", "12", true},
	    {"1234", "1234", true}, {"0000000000000001", "1", true},
	    {"0789", "0789", true}, {"0789", "7890", false}, {"0789", "788", false},
	    {"789", "0789", false}, {"0789", "10789", false}, {"7890", "789", false},
	    {"a789", "789", false}};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		check_case(i, pin_matches_number(PIN_ALPHANUMERIC, cases[i].pin,
				  span_of(cases[i].number)) == cases[i].right);
}

static void
test_blank(void **state)
{
	static const struct {
		struct span typed;
		bool blank;
	} cases[] = {{TEXT(""), true}, {TEXT(" - "), true}, {TEXT("\r\n"), true},
	    {TEXT("..."), true}, {TEXT("\xe2\x80\xad\xe2\x80\xac"), true},
	    {TEXT("\xef\xbb\xbf"), true}, {TEXT("0"), false}, {TEXT(" x"), false},
	    {TEXT("\xff"), false}, {TEXT("\xd9\xa1"), false}};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		check_case(i, pin_is_blank(cases[i].typed) == cases[i].blank);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_vectors),
	    cmocka_unit_test(test_each_part_counts),
	    cmocka_unit_test(test_symbols_are_even),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_matches),
	    cmocka_unit_test(test_look_alikes),
	    cmocka_unit_test(test_each_symbol_is_itself),
	    cmocka_unit_test(test_numbers_get_their_zeros_back),
	    cmocka_unit_test(test_blank),
	};

	secret_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
