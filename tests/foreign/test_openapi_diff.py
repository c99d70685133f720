"""The check for breaking changes sees each of them, and lets additions pass."""

import copy
import json
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

import openapi_diff  # noqa: E402 - beside the script that it tests

DOCUMENT = {
    "openapi": "3.1.0",
    "security": [{"token": ["read", "trade"]}],
    "paths": {"/things/{id}": {
        "get": {
            "operationId": "get_thing",
            "parameters": [
                {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
                {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100}},
                {"name": "side", "in": "query", "schema": {"type": "string", "enum": ["buyer", "seller"]}},
            ],
            "responses": {
                "200": {"headers": {"Link": {}}, "content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/Thing"}}}},
                "404": {"$ref": "#/components/responses/Missing"},
            },
        },
        "post": {
            "operationId": "post_thing",
            "requestBody": {"required": True, "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Wish"}}}},
            "responses": {"201": {"content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Thing"}}}}},
        },
    }},
    "components": {
        "responses": {"Missing": {"content": {"application/problem+json": {"schema": {"type": "object"}}}}},
        "schemas": {
            "Thing": {"type": "object", "required": ["id", "state"], "properties": {
                "id": {"type": "string", "format": "uuid"},
                "state": {"type": "string", "enum": ["open", "closed"]},
                "note": {"type": ["string", "null"]},
                "part": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Part"}]},
                "event": {"oneOf": [{"$ref": "#/components/schemas/Part"}, {"$ref": "#/components/schemas/Other"}]},
                "children": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
            }},
            "Part": {"type": "object", "required": ["size"], "properties": {"size": {"type": "integer"}}},
            "Other": {"type": "object"},
            "Wish": {"type": "object", "required": ["kind"], "properties": {
                "kind": {"type": "string", "enum": ["a", "b"]},
                "amount": {"type": "string", "pattern": "^[0-9]+$"},
                "slots": {"type": "array", "maxItems": 10, "items": {"type": "string"}},
                "part": {"allOf": [{"$ref": "#/components/schemas/Part"}, {"properties": {"b": {"type": "boolean"}}}]},
            }},
        },
    },
}

ITEM = DOCUMENT["paths"]["/things/{id}"]


def at(document, path):
    for part in path:
        document = document[part]
    return document


GET = ("paths", "/things/{id}", "get")
POST = ("paths", "/things/{id}", "post")
THING = ("components", "schemas", "Thing")
WISH = ("components", "schemas", "Wish")

# What is changed, and a part of the line that must say so.
BREAKING = {
    "a path removed": (("paths",), lambda it: it.pop("/things/{id}"), "the path is gone"),
    "a method removed": (GET[:2], lambda it: it.pop("get"), "the method is gone"),
    "an operation renamed": (GET, lambda it: it.update(operationId="x"), "the operation id"),
    "a parameter removed": (GET, lambda it: it["parameters"].pop(1), "query parameter limit: it is gone"),
    "a parameter newly required": (GET, lambda it: it["parameters"][1].update(required=True), "required now"),
    "a new required parameter": (GET, lambda it: it["parameters"].append(
        {"name": "x", "in": "query", "required": True, "schema": {}}), "new and required"),
    "a bound of a request drawn closer": (GET, lambda it: it["parameters"][1]["schema"].update(maximum=50), "maximum"),
    "a bound of a request added": (WISH, lambda it: it["properties"]["slots"].update(minItems=1), "minItems"),
    "an enum value of a request removed": (WISH, lambda it: it["properties"]["kind"]["enum"].remove("b"), '"b" is gone'),
    "an enum value of a parameter removed": (
        GET, lambda it: it["parameters"][2]["schema"]["enum"].remove("seller"), '"seller" is gone'),
    "a request's values listed": (WISH, lambda it: it["properties"]["slots"]["items"].update(enum=["x"]), "only some values"),
    "a field of a request removed": (WISH, lambda it: it["properties"].pop("amount"), "amount: the field is gone"),
    "a field of a request required": (WISH, lambda it: it["required"].append("amount"), "amount: the field is required"),
    "a new required field of a request": (WISH, lambda it: (it["required"].append("new"), it["properties"].update(
        new={"type": "string"})), "new: the field is required"),
    "a field required by allOf": (WISH, lambda it: it["properties"]["part"]["allOf"][1].update(required=["b"]), "part.b"),
    "other fields refused": (WISH, lambda it: it.update(additionalProperties=False), "other fields are refused"),
    "the type of a request's field": (WISH, lambda it: it["properties"]["amount"].update(type="integer"), "its type"),
    "the pattern of a request's field": (WISH, lambda it: it["properties"]["amount"].update(pattern="^1$"), "its pattern"),
    "the body newly required": (("paths",), None, None),
    "the media type of a body": (POST, lambda it: it["requestBody"].update(content={"text/plain": {}}), "media type"),
    "an answer removed": (GET, lambda it: it["responses"].pop("404"), "answer 404: it is gone"),
    "a header of an answer removed": (GET, lambda it: it["responses"]["200"].pop("headers"), "the header Link"),
    "the media type of an answer": (("components", "responses", "Missing"), lambda it: it.update(
        content={"application/json": {}}), "application/problem+json is gone"),
    "a field of an answer removed": (THING, lambda it: it["properties"].pop("note"), "note: the field is gone"),
    "a field of an answer no longer promised": (THING, lambda it: it["required"].remove("state"), "may be missing"),
    "an enum value of an answer removed": (THING, lambda it: it["properties"]["state"]["enum"].pop(), '"closed" is gone'),
    "an answer's type widened": (THING, lambda it: it["properties"]["id"].update(type=["string", "null"]), "its type"),
    "the type of an answer's field": (THING, lambda it: it["properties"]["id"].update(type="integer"), "its type"),
    "the format of an answer's field": (THING, lambda it: it["properties"]["id"].pop("format"), "its format"),
    "a type deep in a reference": (("components", "schemas", "Part", "properties"), lambda it: it.update(
        size={"type": "string"}), "size: its type"),
    "an alternative removed": (THING, lambda it: it["properties"]["event"]["oneOf"].pop(), "the alternative Other"),
    "a scope more": (("security", 0), lambda it: it.update(token=["read", "trade", "admin"]), "another token or scope"),
    "another scheme": (("security", 0), lambda it: it.update(key=[]), "another token or scope"),
}

ADDITIVE = {
    "nothing": ((), lambda it: None),
    "a path": (("paths",), lambda it: it.update({"/new": ITEM})),
    "a method": (GET[:2], lambda it: it.update(delete={"responses": {}})),
    "an optional parameter": (GET, lambda it: it["parameters"].append({"name": "x", "in": "query", "schema": {}})),
    "a wider bound": (GET, lambda it: it["parameters"][1]["schema"].update(maximum=1000)),
    "a bound less": (WISH, lambda it: it["properties"]["slots"].pop("maxItems")),
    "an optional field of a request": (WISH, lambda it: it["properties"].update(new={"type": "string"})),
    "a field of a request no longer required": (WISH, lambda it: it["required"].remove("kind")),
    "an enum value of a request": (WISH, lambda it: it["properties"]["kind"]["enum"].append("c")),
    "any value of a request": (WISH, lambda it: it["properties"]["kind"].pop("enum")),
    "a request's type widened": (WISH, lambda it: it["properties"]["amount"].update(type=["string", "null"])),
    "a field of an answer": (THING, lambda it: it["properties"].update(new={"type": "string"})),
    "a field of an answer promised": (THING, lambda it: it["required"].append("note")),
    "an enum value of an answer": (THING, lambda it: it["properties"]["state"]["enum"].append("late")),
    "an alternative of an answer": (THING, lambda it: it["properties"]["event"]["oneOf"].append({"title": "New"})),
    "an answer": (GET, lambda it: it["responses"].update({"409": {"description": "x"}})),
    "a scope less": (("security", 0), lambda it: it.update(token=["read"])),
    "texts and extensions": (THING, lambda it: it.update({"description": "x", "x-y": 1, "examples": [1]})),
    "a schema moved into the components": (THING, lambda it: it["properties"]["note"].update(description="y")),
}


def changed(path, change):
    document = copy.deepcopy(DOCUMENT)
    change(at(document, path))
    return document


def run(tally):
    for what, (path, change, said) in BREAKING.items():
        old, new = DOCUMENT, None
        if change is None:
            old = changed(POST, lambda it: it["requestBody"].pop("required"))
            new, said = DOCUMENT, "body: it is required now"
        else:
            new = changed(path, change)
        found = openapi_diff.breaks(old, new)
        tally.check(any(said in line for line in found), "%s is seen" % what, found=found)
    for what, (path, change) in ADDITIVE.items():
        found = openapi_diff.breaks(DOCUMENT, changed(path, change))
        tally.equal(found, [], "the list of breaks after %s" % what)
    with open(os.path.join(ROOT, "docs", "openapi.json"), encoding="utf-8") as file:
        own = json.load(file)
    tally.equal(openapi_diff.breaks(own, own), [], "the list of breaks of our own document against itself")
