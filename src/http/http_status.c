/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_status.h"

#include "base/base.h"

const char *
http_status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} rows[] = {{200, "OK"}, {201, "Created"}, {204, "No Content"},
	    {400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"},
	    {404, "Not Found"}, {405, "Method Not Allowed"}, {408, "Request Timeout"},
	    {409, "Conflict"}, {413, "Content Too Large"}, {414, "URI Too Long"},
	    {415, "Unsupported Media Type"}, {422, "Unprocessable Content"},
	    {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"},
	    {500, "Internal Server Error"}, {501, "Not Implemented"},
	    {502, "Bad Gateway"}, {503, "Service Unavailable"}, {504, "Gateway Timeout"}};

	for (size_t i = 0; i < countof(rows); i++)
		if (rows[i].status == status)
			return rows[i].text;
	return "Status";
}
