/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf_yaml.h"

#include "conf/conf.h"

#include <errno.h>
#include <stdarg.h>

int
conf_yaml_line(const yaml_node_t *node)
{
	return node == NULL ? 1 : (int)node->start_mark.line + 1;
}

bool
conf_yaml_scalar(const yaml_node_t *node, struct span *out)
{
	*out = (struct span){"", 0};
	if (node->type != YAML_SCALAR_NODE)
		return false;
	*out = (struct span){
	    (const char *)node->data.scalar.value, node->data.scalar.length};
	return true;
}

bool
conf_yaml_is_null(const yaml_node_t *node)
{
	static const char *const forms[] = {"", "~", "null", "Null", "NULL"};
	struct span text;

	if (!conf_yaml_scalar(node, &text))
		return false;
	if (strcmp((const char *)node->tag, YAML_NULL_TAG) == 0)
		return true;
	if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE ||
	    node->end_mark.index - node->start_mark.index != text.len)
		return false; /* what is longer than its text has a tag before it */
	for (size_t i = 0; i < countof(forms); i++)
		if (span_equal_text(text, forms[i]))
			return true;
	return false;
}

static void
say(struct conf_file *f, int line, const char *field, const char *what)
{
	f->faults++;
	fprintf(f->errors, "%s:%d: %s%s%s\n", f->path, line, field,
	    field[0] == '\0' ? "" : ": ", what);
}

void
conf_yaml_fault(struct conf_file *f, const yaml_node_t *node, const char *field,
    const char *format, ...)
{
	char what[512];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	say(f, conf_yaml_line(node), field, what);
}

void
conf_yaml_fault_at(
    struct conf_file *f, int line, const char *field, const char *format, ...)
{
	char what[512];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	say(f, line, field, what);
}

void
conf_yaml_warn(struct conf_file *f, const yaml_node_t *node, const char *field,
    const char *format, ...)
{
	char what[512];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	conf_warning_add(f->conf, conf_yaml_line(node), field, what);
}

/* More than one document would leave open which one counts. */
static void
refuse_more(struct conf_file *f, yaml_parser_t *parser)
{
	yaml_document_t next;

	if (!yaml_parser_load(parser, &next)) {
		say(f, (int)parser->problem_mark.line + 1, "",
		    "not YAML after the document");
		return;
	}
	if (yaml_document_get_root_node(&next) != NULL)
		say(f, conf_yaml_line(yaml_document_get_root_node(&next)), "",
		    "a second document in the file");
	yaml_document_delete(&next);
}

static enum err
load(struct conf_file *f, FILE *in)
{
	yaml_parser_t parser;
	enum err e = OK;

	RESOURCE(yaml_parser_initialize(&parser));
	yaml_parser_set_input_file(&parser, in);
	if (!yaml_parser_load(&parser, &f->document)) {
		say(f, (int)parser.problem_mark.line + 1, "",
		    parser.problem == NULL ? "not YAML" : parser.problem);
		f->document = (yaml_document_t){0};
		e = ERR_SYNTAX;
	} else if (yaml_document_get_root_node(&f->document) != NULL) {
		refuse_more(f, &parser);
	}
	yaml_parser_delete(&parser);
	return e;
}

enum err
conf_yaml_open(struct conf_file *f, yaml_node_t **root_out)
{
	FILE *in = fopen(f->path, "re");
	enum err e;

	*root_out = NULL;
	f->document = (yaml_document_t){0};
	if (in == NULL) {
		f->faults++;
		fprintf(f->errors, "%s: %s\n", f->path, strerror(errno));
		return ERR_IO;
	}
	e = load(f, in);
	fclose(in);
	if (e == OK)
		*root_out = yaml_document_get_root_node(&f->document);
	return e;
}

void
conf_yaml_close(struct conf_file *f)
{
	yaml_document_delete(&f->document);
}
