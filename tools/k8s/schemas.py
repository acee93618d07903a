#!/usr/bin/env python3
"""usage: schemas.py swagger.json FOLDER    one strict JSON schema a kind of Kubernetes, as kubeconform reads them offline"""
import json
import os
import sys

source, folder = sys.argv[1:]
with open(source) as file:
    definitions = json.load(file)["definitions"]
os.makedirs(folder, exist_ok=True)


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].rsplit("/", 1)[1]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def bare(node):
    """Without words and Kubernetes's own marks, which are most of the file."""
    if isinstance(node, dict):
        words = ("description", "default")
        return {
            key: bare(value)
            for key, value in node.items()
            if not (key in words and not isinstance(value, dict)) and not key.startswith("x-kubernetes")
        }
    return [bare(value) for value in node] if isinstance(node, list) else node


kinds = {name: one.get("x-kubernetes-group-version-kind") or [] for name, one in definitions.items()}
schemas = {}
for name, one in definitions.items():
    schema = bare(one)
    if schema.get("properties"):
        schema["additionalProperties"] = False
        schema.setdefault("type", "object")
    schemas[name] = schema
schemas["io.k8s.apimachinery.pkg.util.intstr.IntOrString"] = {"oneOf": [{"type": "string"}, {"type": "integer"}]}
schemas["io.k8s.apimachinery.pkg.api.resource.Quantity"] = {"oneOf": [{"type": "string"}, {"type": "number"}]}

for name, of_kind in kinds.items():
    if len(of_kind) != 1:
        continue
    group, version, kind = (of_kind[0][key] for key in ("group", "version", "kind"))
    needed, waiting = {}, [name]
    while waiting:
        key = waiting.pop()
        if key not in needed:
            needed[key] = schemas[key]
            waiting += references(needed[key])
    top = json.loads(json.dumps(needed[name]))
    properties = top.get("properties", {})
    if "kind" in properties:
        properties["kind"] = {"type": "string", "enum": [kind]}
    if "apiVersion" in properties:
        properties["apiVersion"] = {"type": "string", "enum": [f"{group}/{version}" if group else version]}
    top["required"] = sorted({*top.get("required", []), "apiVersion", "kind"})
    top["definitions"] = needed
    suffix = f"-{group.split('.')[0]}" if group else ""
    with open(f"{folder}/{kind.lower()}{suffix}-{version}.json", "w") as file:
        json.dump(top, file)
