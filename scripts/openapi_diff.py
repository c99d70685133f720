#!/usr/bin/env python3
"""Does a newer OpenAPI 3.1 document break the clients of an older one?

openapi_diff.py OLD NEW      prints one line for each break, and exits with 1 when there is any

A request may ask for less and accept more, an answer may say more; anything else breaks somebody:
- removed: a path, a method, a parameter, a body, a media type, a status of an answer, a field of an answer, an enum
  value of a request (clients send it), an alternative of a request
- newly required: a parameter, a field of a request, a body; no longer promised: a required field of an answer
- changed: the type, format, pattern or bounds of anything, an operation id (it names generated functions), what a
  token needs
A field that a request forbade and now takes, new paths, new answers, new enum values of answers pass; so do texts,
examples and everything that begins with `x-`.
"""

import json
import sys

METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
REQUEST, ANSWER = "request", "answer"
# A lower bound that grows, an upper one that falls: a request that was fine is none any more.
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")


class Checker:
    def __init__(self, old, new):
        self.old, self.new = old, new
        self.breaks = []
        self._seen = set()

    def run(self):
        for path, item in sorted(self.old.get("paths", {}).items()):
            other = self.new.get("paths", {}).get(path)
            if other is None:
                self.found(path, "the path is gone")
                continue
            for method in METHODS:
                if method in item:
                    self.operation("%s %s" % (method.upper(), path), item, other, method)
        return self.breaks

    def found(self, where, what):
        line = "%s: %s" % (where, what)
        if line not in self.breaks:
            self.breaks.append(line)

    # -- operations

    def operation(self, where, item, other, method):
        old, new = item[method], other.get(method)
        if new is None:
            self.found(where, "the method is gone")
            return
        if old.get("operationId") != new.get("operationId"):
            self.found(where, "the operation id %s is now %s" % (old.get("operationId"), new.get("operationId")))
        self.security(where, old, new)
        self.parameters(where, item.get("parameters", []) + old.get("parameters", []),
                        other.get("parameters", []) + new.get("parameters", []))
        self.body(where, old.get("requestBody"), new.get("requestBody"))
        self.answers(where, old.get("responses", {}), new.get("responses", {}))

    def security(self, where, old, new):
        """Every way in that was enough must still be: it names no scheme and no scope that it did not name."""
        before = old.get("security", self.old.get("security", [])) or [{}]
        after = new.get("security", self.new.get("security", [])) or [{}]
        for way in before:
            enough = any(all(name in way and set(scopes) <= set(way[name]) for name, scopes in one.items())
                         for one in after)
            if not enough:
                self.found(where, "it needs another token or scope than %s" % json.dumps(way, sort_keys=True))

    def parameters(self, where, old, new):
        old = {self.key(one): one for one in (self.follow(self.old, each) for each in old)}
        new = {self.key(one): one for one in (self.follow(self.new, each) for each in new)}
        for key, before in old.items():
            place = "%s, %s parameter %s" % ((where,) + key)
            after = new.get(key)
            if after is None:
                self.found(place, "it is gone")
                continue
            if after.get("required") and not before.get("required"):
                self.found(place, "it is required now")
            self.schema(place, before.get("schema", {}), after.get("schema", {}), REQUEST)
        for key, after in new.items():
            if key not in old and after.get("required"):
                self.found("%s, %s parameter %s" % ((where,) + key), "it is new and required")

    @staticmethod
    def key(parameter):
        name = parameter.get("name", "")
        return parameter.get("in", ""), name.lower() if parameter.get("in") == "header" else name

    def body(self, where, old, new):
        old, new = self.follow(self.old, old), self.follow(self.new, new)
        where += ", body"
        if old is None:
            if new and new.get("required"):
                self.found(where, "it is new and required")
            return
        if new is None:
            self.found(where, "it is gone")
            return
        if new.get("required") and not old.get("required"):
            self.found(where, "it is required now")
        self.contents(where, old, new, REQUEST)

    def answers(self, where, old, new):
        for status, before in old.items():
            place = "%s, answer %s" % (where, status)
            # An answer that a range or the default described may be described more closely.
            after = new.get(status) or new.get(status[0] + "XX") or new.get("default")
            if status in ("default", "4XX", "5XX") and after is None:
                continue
            if after is None:
                self.found(place, "it is gone")
                continue
            before, after = self.follow(self.old, before), self.follow(self.new, after)
            for name in before.get("headers", {}):
                if name.lower() not in {each.lower() for each in after.get("headers", {})}:
                    self.found(place, "the header %s is gone" % name)
            self.contents(place, before, after, ANSWER)

    def contents(self, where, old, new, way):
        for kind, before in (old.get("content") or {}).items():
            after = (new.get("content") or {}).get(kind)
            if after is None:
                self.found(where, "the media type %s is gone" % kind)
            else:
                self.schema(where, before.get("schema", {}), after.get("schema", {}), way)

    # -- schemas

    def follow(self, document, value):
        """The value itself, or what its reference leads to."""
        seen = set()
        while isinstance(value, dict) and "$ref" in value:
            reference = value["$ref"]
            if reference in seen or not reference.startswith("#/"):
                return {}
            seen.add(reference)
            value = document
            for part in reference[2:].split("/"):
                value = value.get(part.replace("~1", "/").replace("~0", "~"), {})
        return value

    def schema(self, where, old, new, way):
        pair = (json.dumps(old, sort_keys=True), json.dumps(new, sort_keys=True), way)
        if pair in self._seen:
            return
        # Schemas may contain themselves.
        self._seen.add(pair)
        old, new = self.flat(self.old, old), self.flat(self.new, new)
        self.kind(where, old, new, way)
        self.values(where, old, new, way)
        self.bounds(where, old, new, way)
        self.members(where, old, new, way)
        if "items" in old or "items" in new:
            self.schema(where + "[]", old.get("items", {}), new.get("items", {}), way)
        extra_old, extra_new = old.get("additionalProperties"), new.get("additionalProperties")
        if isinstance(extra_old, dict) and isinstance(extra_new, dict):
            self.schema(where + ".*", extra_old, extra_new, way)
        for word in ("oneOf", "anyOf"):
            self.alternatives(where, old.get(word), new.get(word), way)

    def flat(self, document, schema):
        """A schema with its `allOf` drawn together, and a nullable alternative as a type."""
        schema = self.follow(document, schema)
        if not isinstance(schema, dict):
            return {}
        schema = dict(schema)
        for part in schema.pop("allOf", []):
            part = self.flat(document, part)
            for word, value in part.items():
                if word == "properties":
                    schema[word] = {**value, **schema.get(word, {})}
                elif word == "required":
                    schema[word] = sorted(set(schema.get(word, [])) | set(value))
                else:
                    schema.setdefault(word, value)
        for word in ("oneOf", "anyOf"):
            parts = schema.get(word)
            if parts and len(parts) == 2 and {"type": "null"} in parts:
                inner = self.flat(document, next(part for part in parts if part != {"type": "null"}))
                schema.pop(word)
                schema = {**inner, **schema}
                schema["type"] = sorted(set(self.types(inner) or ["any"]) | {"null"})
        return schema

    @staticmethod
    def types(schema):
        kind = schema.get("type")
        if kind is None and "const" in schema:
            kind = {str: "string", bool: "boolean", int: "integer"}.get(type(schema["const"]))
        if kind is None and "properties" in schema:
            kind = "object"
        return [kind] if isinstance(kind, str) else list(kind or [])

    def kind(self, where, old, new, way):
        before, after = set(self.types(old)), set(self.types(new))
        if way == REQUEST:
            # Nothing said is anything allowed.
            broken = bool(after) and (not before or not before <= after | ({"integer"} & before if "number" in after else set()))
        else:
            broken = bool(before) and (not after or not after <= before | ({"integer"} if "number" in before else set()))
        if broken:
            self.found(where, "its type %s is now %s" % ("/".join(sorted(before)) or "any", "/".join(sorted(after)) or "any"))
        for word in ("format", "pattern", "contentMediaType"):
            if old.get(word) == new.get(word):
                continue
            loosened = word not in new if way == REQUEST else word not in old
            if not loosened:
                self.found(where, "its %s %s is now %s" % (word, old.get(word), new.get(word)))

    def values(self, where, old, new, way):
        before, after = self.listed(old), self.listed(new)
        if way == REQUEST:
            if after is not None and before is None:
                self.found(where, "only some values are taken now")
            elif after is not None:
                for gone in sorted(before - after):
                    self.found(where, "the value %s is gone" % gone)
        elif before is not None:
            if after is None:
                self.found(where, "its values are not listed any more")
            else:
                # A client may wait for it.
                for gone in sorted(before - after):
                    self.found(where, "the value %s is gone" % gone)

    @staticmethod
    def listed(schema):
        if "const" in schema:
            return {json.dumps(schema["const"])}
        return {json.dumps(value) for value in schema["enum"]} if "enum" in schema else None

    def bounds(self, where, old, new, way):
        for words, narrower in ((LOWER, lambda a, b: b > a), (UPPER, lambda a, b: b < a)):
            for word in words:
                before, after = old.get(word), new.get(word)
                if before == after:
                    continue
                if way == REQUEST:
                    broken = after is not None and (before is None or narrower(before, after))
                else:
                    broken = before is not None and (after is None or narrower(after, before))
                if broken:
                    self.found(where, "its %s %s is now %s" % (word, before, after))

    def members(self, where, old, new, way):
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, member in before.items():
            place = "%s.%s" % (where, name)
            if name not in after:
                closed = new.get("additionalProperties") is False
                if way == ANSWER or closed or after:
                    self.found(place, "the field is gone")
                continue
            self.schema(place, member, after[name], way)
        needed, was = set(new.get("required", [])), set(old.get("required", []))
        if way == REQUEST:
            for name in sorted(needed - was):
                self.found("%s.%s" % (where, name), "the field is required now")
            if new.get("additionalProperties") is False and old.get("additionalProperties") is not False:
                self.found(where, "other fields are refused now")
        else:
            for name in sorted((was - needed) & set(after)):
                self.found("%s.%s" % (where, name), "the field may be missing now")

    def alternatives(self, where, old, new, way):
        if old is None and new is None:
            return
        if old is None or new is None:
            self.found(where, "it has alternatives now" if old is None else "it has no alternatives any more")
            return
        before, after = self.named(self.old, old), self.named(self.new, new)
        for name in before:
            if name not in after:
                self.found(where, "the alternative %s is gone" % name)
            else:
                self.schema("%s (%s)" % (where, name), before[name], after[name], way)

    def named(self, document, parts):
        """Alternatives by the name of their schema; those without, by their place."""
        found = {}
        for index, part in enumerate(parts):
            name = part.get("$ref", "").rsplit("/", 1)[-1] or part.get("title") or str(index)
            found[name] = part
        return found


def breaks(old, new):
    """One line for each way in which `new` breaks clients of `old`."""
    return Checker(old, new).run()


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    documents = []
    for path in arguments:
        with open(path, encoding="utf-8") as file:
            documents.append(json.load(file))
    found = breaks(*documents)
    for line in found:
        print("breaks: %s" % line)
    print("openapi: %d breaking changes since the released document" % len(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
