"""`key=value` on the command line → the data of an event, by the types of its contract."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import inspect

from shared.cli.failure import Misuse
from shared.cli.instants import parse_date, parse_instant, rfc3339

__all__ = ["Shape", "assign", "check_names", "coerce", "listing"]

YES_NO = {"true": True, "yes": True, "false": False, "no": False}
Shape = Mapping[str, inspect.Field]
"""The fields of a struct by the names that they have in JSON."""


def shape_of(struct: type) -> Shape:
    """The fields of a msgspec struct."""
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    return _shape(info)


def _shape(info: inspect.StructType) -> Shape:
    return {field.encode_name: field for field in info.fields}


def listing(struct: type) -> str:
    """`person, stint?, leave_at?`: what there is; `?` may be left out."""
    return _listing(shape_of(struct))


def _listing(shape: Shape) -> str:
    return ", ".join(f"{name}{'' if field.required else '?'}{_nested(field)}" for name, field in shape.items())


def _nested(field: inspect.Field) -> str:
    node = _bare(field.type)
    if isinstance(node, inspect.StructType):
        return f" {{{_listing(_shape(node))}}}"
    if isinstance(node, inspect.LiteralType):
        return f" ({'|'.join(map(str, node.values))})"
    item = _item(node)
    return f" [{{{_listing(_shape(item))}}}]" if isinstance(item, inspect.StructType) else ""


def check_names(event: str, struct: type, data: Mapping[str, Any]) -> None:
    """Raise Misuse for a field that the event does not have, also inside of another. The wire would ignore it."""
    for name in _strays(inspect.type_info(struct), data, ""):
        raise Misuse(f"{event} has no field {name!r}; it has: {listing(struct)}.")


def _strays(node: inspect.Type, value: Any, path: str) -> Iterable[str]:
    node = _bare(node)
    if isinstance(node, inspect.StructType) and isinstance(value, Mapping):
        shape = _shape(node)
        for name, inner in value.items():
            if name not in shape:
                yield path + name
            else:
                yield from _strays(shape[name].type, inner, f"{path}{name}.")
    item = _item(node)
    if item is not None and isinstance(value, list):
        for inner in value:
            yield from _strays(item, inner, path)


def assign(event: str, struct: type, data: dict[str, Any], pairs: Iterable[str], now: datetime) -> None:
    """Put `key=value` pairs into `data`; a dot goes into an object. Raises Misuse that names the field."""
    for pair in pairs:
        path, separator, text = pair.partition("=")
        if not separator or not path:
            raise Misuse(f"{pair!r} is no key=value; {event} has: {listing(struct)}.")
        node: inspect.Type = inspect.type_info(struct)
        target: dict[str, Any] = data
        *outer, last = path.split(".")
        for step in outer:
            node = _field(event, struct, node, step, path).type
            inner = target.setdefault(step, {})
            if not isinstance(inner, dict):
                raise Misuse(f"{event}: {step!r} is given as a value and as an object.")
            target = inner
        target[last] = coerce(path, _field(event, struct, node, last, path).type, text, now)


def _field(event: str, struct: type, node: inspect.Type, step: str, path: str) -> inspect.Field:
    node = _bare(node)
    shape = _shape(node) if isinstance(node, inspect.StructType) else {}
    if step not in shape:
        raise Misuse(f"{event} has no field {path!r}; it has: {listing(struct)}.")
    return shape[step]


def coerce(path: str, node: inspect.Type, text: str, now: datetime) -> Any:
    """The JSON value that a text stands for where `node` is expected. Raises Misuse that names the field."""
    if text == "null":
        return None
    try:
        return _reader(_bare(node))(text, now)
    except Misuse as error:
        raise Misuse(f"{path}: {error}") from error
    except (msgspec.DecodeError, ValueError, KeyError) as error:
        raise Misuse(f"{path}: {text!r} is not {_article(_bare(node))}.") from error


def _reader(node: inspect.Type) -> Callable[[str, datetime], Any]:
    readers: dict[type, Callable[[str, datetime], Any]] = {
        inspect.DateTimeType: lambda text, now: rfc3339(parse_instant(text, now)),
        inspect.DateType: lambda text, now: parse_date(text, now).isoformat(),
        inspect.IntType: lambda text, now: int(text),
        inspect.FloatType: lambda text, now: float(text),
        inspect.BoolType: lambda text, now: YES_NO[text.lower()],
        inspect.StructType: lambda text, now: msgspec.json.decode(text, type=dict[str, Any]),
        inspect.DictType: lambda text, now: msgspec.json.decode(text, type=dict[str, Any]),
    }
    if _item(node) is not None:
        return lambda text, now: msgspec.json.decode(text) if text.startswith("[") else _listed(node, text, now)
    return readers.get(type(node), lambda text, now: text)


def _listed(node: inspect.Type, text: str, now: datetime) -> list[Any]:
    item = _item(node)
    assert item is not None
    return [_reader(_bare(item))(part.strip(), now) for part in text.split(",") if part.strip()]


def _article(node: inspect.Type) -> str:
    names = {inspect.IntType: "a whole number", inspect.FloatType: "a number", inspect.BoolType: "true or false"}
    return names.get(type(node), "JSON of the right kind")


def _bare(node: inspect.Type) -> inspect.Type:
    """Without what is around it: annotations, and `| None`."""
    while True:
        if isinstance(node, inspect.Metadata):
            node = node.type
        elif isinstance(node, inspect.UnionType):
            rest = [one for one in node.types if not isinstance(one, inspect.NoneType)]
            if len(rest) != 1:
                return node
            node = rest[0]
        else:
            return node


def _item(node: inspect.Type) -> inspect.Type | None:
    if isinstance(node, inspect.ListType | inspect.VarTupleType | inspect.SetType | inspect.FrozenSetType):
        return _bare(node.item_type)
    return None
