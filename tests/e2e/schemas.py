"""JSON Schema 2020-12 as far as /schemas uses it: by Debian's python3-jsonschema where it is installed, else by
a reader of our own. Strict: members that no schema names are refused, too."""
import copy
import importlib.metadata
import re

try:
    import jsonschema
    BY = "python3-jsonschema " + importlib.metadata.version("jsonschema")
except ImportError:
    jsonschema = None
    BY = "a reader of our own"


def closed(schema):
    """The same, with every object that names its members closed to others."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: closed(value) for key, value in schema.items()}
    if isinstance(out.get("properties"), dict) and "type" in out and "additionalProperties" not in out:
        out["additionalProperties"] = False
    return out


TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def problems(value, schema, root, at="$"):
    if "$ref" in schema:
        target = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return problems(value, target, root, at)
    found = []
    if "anyOf" in schema and all(problems(value, one, root, at) for one in schema["anyOf"]):
        found.append(f"{at}: none of {len(schema['anyOf'])} schemas takes {value!r}")
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(is_type(value, name) for name in types):
        return found + [f"{at}: expected {types}, found {value!r}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: expected one of {schema['enum']}, found {value!r}")
    if "const" in schema and value != schema["const"]:
        found.append(f"{at}: expected {schema['const']!r}, found {value!r}")
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        found.append(f"{at}: expected {schema['pattern']}, found {value!r}")
    if isinstance(value, dict):
        known = schema.get("properties", {})
        found += [f"{at}.{name}: missing" for name in schema.get("required", []) if name not in value]
        for name, item in value.items():
            rest = schema.get("additionalProperties", True)
            if name in known:
                found += problems(item, known[name], root, f"{at}.{name}")
            elif rest is False:
                found.append(f"{at}.{name}: not expected")
            elif isinstance(rest, dict):
                found += problems(item, rest, root, f"{at}.{name}")
    if isinstance(value, list):
        first = schema.get("prefixItems", [])
        for i, item in enumerate(value):
            one = first[i] if i < len(first) else schema.get("items", {})
            found += problems(item, one, root, f"{at}[{i}]")
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            found.append(f"{at}: {len(value)} items")
    return found


class Schema:
    def __init__(self, document):
        self.document = closed(copy.deepcopy(document))
        if jsonschema:
            jsonschema.Draft202012Validator.check_schema(document)

    def problems(self, value):
        if jsonschema:
            validator = jsonschema.Draft202012Validator(self.document)
            return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
        return problems(value, self.document, self.document)

    def check(self, value):
        found = self.problems(value)
        assert not found, (self.document["title"], found[:5], str(value)[:300])
        return value
