#!/usr/bin/env python3
"""Writes the types of the generated clients from docs/openapi.json.

openapi_types.py [--check]    clients/typescript/wattmandi.d.ts, clients/python/wattmandi/models.py

With --check nothing is written: it fails when a file differs from what would be written.
"""

import difflib
import json
import keyword
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DOCUMENT = os.path.join(ROOT, "docs", "openapi.json")
TYPESCRIPT = os.path.join(ROOT, "clients", "typescript", "wattmandi.d.ts")
PYTHON = os.path.join(ROOT, "clients", "python", "wattmandi", "models.py")
METHODS = ("get", "post", "patch", "put", "delete")
WIDTH = 110


def types_of(schema):
    kind = schema.get("type")
    return [kind] if isinstance(kind, str) else list(kind or [])


def name_of(reference):
    return reference.rsplit("/", 1)[-1]


def follow(document, value):
    while isinstance(value, dict) and "$ref" in value:
        found = document
        for part in value["$ref"][2:].split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        value = found
    return value


def operations(document):
    """Id, path, method and operation of each."""
    for path, item in sorted(document["paths"].items()):
        for method in METHODS:
            if method in item:
                yield item[method]["operationId"], path, method, item[method]


# -- TypeScript


def ts_comment(text, indent):
    lines = [line.rstrip() for line in (text or "").replace("*/", "* /").splitlines()]
    if not lines:
        return []
    if len(lines) == 1:
        return ["%s/** %s */" % (indent, lines[0])]
    return ["%s/**" % indent] + [("%s * %s" % (indent, line)).rstrip() for line in lines] + ["%s */" % indent]


def ts_key(name):
    return name if re.fullmatch(r"[A-Za-z_$][\w$]*", name) else json.dumps(name)


def ts_type(schema, indent=""):
    if schema is True or not isinstance(schema, dict) or not schema:
        return "unknown"
    if "$ref" in schema:
        return "schemas[%s]" % json.dumps(name_of(schema["$ref"]))
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    for word, joint in (("oneOf", " | "), ("anyOf", " | "), ("allOf", " & ")):
        if word in schema:
            parts = [ts_type(part, indent) for part in schema[word]]
            rest = {key: value for key, value in schema.items() if key not in (word, "description", "discriminator")}
            if "properties" in rest:
                parts.append(ts_type(rest, indent))
            return "(%s)" % joint.join(dict.fromkeys(parts))
    kinds = types_of(schema)
    if len(kinds) > 1:
        return " | ".join(ts_type({**schema, "type": kind}, indent) for kind in kinds)
    kind = kinds[0] if kinds else ("object" if "properties" in schema else None)
    if kind == "array":
        inner = ts_type(schema.get("items", {}), indent)
        return "(%s)[]" % inner if " " in inner and not inner.startswith("{") else "%s[]" % inner
    if kind == "object":
        return ts_object(schema, indent)
    return {"string": "string", "integer": "number", "number": "number", "boolean": "boolean",
            "null": "null"}.get(kind, "unknown")


def ts_object(schema, indent):
    members = schema.get("properties")
    extra = schema.get("additionalProperties")
    if not members:
        return "Record<string, %s>" % (ts_type(extra, indent) if isinstance(extra, dict) else "unknown")
    inner, lines = indent + "  ", ["{"]
    for name, member in members.items():
        lines += ts_comment(member.get("description"), inner)
        optional = "" if name in schema.get("required", []) else "?"
        lines.append("%s%s%s: %s;" % (inner, ts_key(name), optional, ts_type(member, inner)))
    return "\n".join(lines + [indent + "}"])


def ts_answer(document, response):
    bodies = []
    for kind, content in (follow(document, response).get("content") or {}).items():
        bodies.append("%s: %s" % (json.dumps(kind), ts_type(content.get("schema", {}), "      ")))
    return "{ %s }" % "; ".join(bodies) if bodies else "Record<string, never>"


def typescript(document):
    lines = ["// Written by scripts/openapi_types.py from docs/openapi.json: do not change it by hand.", "",
             "/** What stands in bodies. Energy is in kWh and money in INR, as decimal strings. */",
             "export interface schemas {"]
    for name, schema in sorted(document["components"]["schemas"].items()):
        lines += ts_comment(schema.get("description"), "  ")
        lines.append("  %s: %s;" % (ts_key(name), ts_type(schema, "  ")))
    lines += ["}", "", "/** Any failure of the client API. */", 'export type Problem = schemas["Problem"];',
              "/** Any event of the streams. */", 'export type Event = schemas["Event"];', "",
              "/** What each operation takes and answers, by status and media type. */", "export interface operations {"]
    for name, path, method, operation in operations(document):
        lines += ts_comment(operation.get("summary") or operation.get("description"), "  ")
        lines += ["  %s: {" % name, "    method: %s;" % json.dumps(method.upper()), "    path: %s;" % json.dumps(path)]
        given = operation.get("parameters", [])
        lines += ["    parameters: {"] if given else []
        for where in ("path", "query", "header"):
            found = [one for one in given if one["in"] == where]
            if found:
                members = ["%s%s: %s" % (ts_key(one["name"]), "" if one.get("required") else "?",
                                         ts_type(one.get("schema", {}))) for one in found]
                optional = "" if any(one.get("required") for one in found) else "?"
                lines.append("      %s%s: { %s };" % (where, optional, "; ".join(members)))
        lines += ["    };"] if given else []
        content = (operation.get("requestBody") or {}).get("content", {}).get("application/json")
        if content:
            lines.append("    body: %s;" % ts_type(content.get("schema", {}), "    "))
        lines.append("    responses: {")
        for status, response in sorted(operation["responses"].items()):
            key = status if status.isdigit() else json.dumps(status)
            lines.append("      %s: %s;" % (key, ts_answer(document, response)))
        lines += ["    };", "  };"]
    return "\n".join(lines + ["}", ""])


# -- Python


def py_name(name):
    return re.sub(r"\W", "_", name)


def py_type(schema):
    if schema is True or not isinstance(schema, dict) or not schema:
        return "Any"
    if "$ref" in schema:
        return '"%s"' % py_name(name_of(schema["$ref"]))
    if "const" in schema:
        return "Literal[%r]" % schema["const"]
    if "enum" in schema:
        return "Literal[%s]" % ", ".join(repr(value) for value in schema["enum"])
    for word in ("oneOf", "anyOf"):
        if word in schema:
            parts = list(dict.fromkeys(py_type(part) for part in schema[word]))
            return "Union[%s]" % ", ".join(parts) if len(parts) > 1 else parts[0]
    kinds = types_of(schema)
    if len(kinds) > 1:
        parts = [py_type({**schema, "type": kind}) for kind in kinds]
        return "Union[%s]" % ", ".join(dict.fromkeys(parts))
    kind = kinds[0] if kinds else None
    if kind == "array":
        return "List[%s]" % py_type(schema.get("items", {}))
    if kind == "object" or "properties" in schema:
        extra = schema.get("additionalProperties")
        return "Dict[str, %s]" % (py_type(extra) if isinstance(extra, dict) else "Any")
    return {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}.get(kind, "Any")


def py_members(document, schema):
    """Members and required names of an object, its `allOf` drawn together."""
    members, required = {}, set()
    for part in schema.get("allOf", []):
        inner, needed = py_members(document, follow(document, part))
        members.update(inner)
        required |= needed
    members.update(schema.get("properties", {}))
    return members, required | set(schema.get("required", []))


def py_class(document, name, schema):
    members, required = py_members(document, schema)
    about = (schema.get("description") or "").strip().replace('"""', "'''").replace("\\", "\\\\")
    if not members:
        return ["%s = %s" % (py_name(name), py_type(schema).replace('"', "'") if "$ref" in schema else py_type(schema))]
    if any(keyword.iskeyword(member) or not member.isidentifier() for member in members):
        pairs = ", ".join("%r: %s" % (member, py_type(part)) for member, part in members.items())
        return ["%s = TypedDict(%r, {%s}, total=False)" % (py_name(name), py_name(name), pairs)]
    # What is required stands in a class of its own: NotRequired came with 3.11 only.
    lines, base = [], "TypedDict"
    optional = [member for member in members if member not in required]
    if required and optional:
        base = "_%s" % py_name(name)
        lines += ["class %s(TypedDict):" % base]
        lines += ["    %s: %s" % (member, py_type(members[member])) for member in members if member in required]
        lines += ["", ""]
    shown = optional if required and optional else list(members)
    total = "" if not optional else ", total=False"
    lines.append("class %s(%s%s):" % (py_name(name), base, total))
    if about:
        lines.append('    """%s"""' % about if "\n" not in about else '    """%s\n    """' % about.replace("\n", "\n    "))
        lines.append("")
    lines += ["    %s: %s" % (member, py_type(members[member])) for member in shown]
    return lines


def python(document):
    lines = ['"""The types of the client API. Written by scripts/openapi_types.py from docs/openapi.json: do not change it.',
             "", "Energy is in kWh and money in INR, as decimal strings; instants are RFC 3339.", '"""', "",
             "from typing import Any, Dict, List, Literal, TypedDict, Union"]
    aliases = []
    for name, schema in sorted(document["components"]["schemas"].items()):
        made = py_class(document, name, schema)
        if made[0].startswith("class "):
            lines += ["", ""] + made
        else:
            aliases += made
    # What names classes comes after them.
    text = "\n".join(lines + ["", ""] + aliases) + "\n"
    return re.sub(r"[ \t]+\n", "\n", text)


def main(arguments):
    with open(DOCUMENT, encoding="utf-8") as file:
        document = json.load(file)
    stale = 0
    for path, text in ((TYPESCRIPT, typescript(document)), (PYTHON, python(document))):
        if "--check" not in arguments:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            continue
        try:
            with open(path, encoding="utf-8") as file:
                found = file.read()
        except FileNotFoundError:
            found = ""
        if found != text:
            stale += 1
            name = os.path.relpath(path, ROOT)
            sys.stdout.writelines(list(difflib.unified_diff(
                found.splitlines(True), text.splitlines(True), name, name + " (generated)"))[:40])
    if "--check" in arguments and not stale:
        print("generated clients ok")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
