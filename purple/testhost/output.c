/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The output of the headless host: one JSON object per line.
 */
#include "testhost.h"

#include <stdarg.h>
#include <stdio.h>

static void print_json_string(const char *text)
{
	putchar('"');
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte == '"' || byte == '\\')
			printf("\\%c", byte);
		else if (byte < 0x20)
			printf("\\u%04x", byte);
		else
			putchar(byte);
	}
	putchar('"');
}

void emit(const char *event, ...)
{
	va_list args;
	const char *key;

	loop_check_thread();
	printf("{\"event\":");
	print_json_string(event);
	va_start(args, event);
	while ((key = va_arg(args, const char *)) != NULL) {
		const char *value = va_arg(args, const char *);

		putchar(',');
		print_json_string(key);
		putchar(':');
		print_json_string(value != NULL ? value : "");
	}
	va_end(args);
	printf("}\n");
	fflush(stdout);
}

const char *number(gint64 value)
{
	static char buffers[8][24];
	static int next;
	char *buffer = buffers[next++ % 8];

	g_snprintf(buffer, sizeof buffers[0], "%" G_GINT64_FORMAT, value);
	return buffer;
}
