"""`@frozen` makes an immutable data class in a tenth of the time that `dataclasses.dataclass` needs.

The standard decorator generates and compiles the source of six methods for each class at each import, which takes
0.6 ms. A function of this package imports about 45 such classes. They took a tenth of its cold start
(docs/decisions.md).
"""

from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from typing import Any, dataclass_transform, overload, override

_set = object.__setattr__


@overload
def frozen[Value](plain: type[Value], /) -> type[Value]: ...
@overload
def frozen[Value](*, kw_only: bool) -> Callable[[type[Value]], type[Value]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(plain: type[Any] | None = None, /, *, kw_only: bool = False) -> Any:
    """Return a class like that of `dataclass(frozen=True, slots=True)`. Its methods look up the fields at each call.

    `fields`, `replace`, `asdict`, `copy`, `pickle` and `match` work as with the standard decorator. Methods that the
    class defines itself are kept. Not supported: `InitVar`, and `field(init=False)`.
    """

    def made(plain: type[Any]) -> type[Any]:
        # Without a docstring the standard decorator computes a signature, which is slow.
        plain.__doc__ = plain.__doc__ or plain.__name__
        value = dataclass(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)(plain)
        for name, method in {"__init__": _initializer(value), **_METHODS}.items():
            if name not in plain.__dict__:
                setattr(value, name, method)
        return value

    return made if plain is None else made(plain)


def _initializer(value: type[Any]) -> Callable[..., None]:
    declared = fields(value)
    names = [each.name for each in declared]
    positional = [each.name for each in declared if not each.kw_only]
    defaults = {each.name: each.default for each in declared if each.default is not MISSING}
    factories = {each.name: each.default_factory for each in declared if each.default_factory is not MISSING}
    post_init = getattr(value, "__post_init__", None)

    def initialize(self: object, /, *args: object, **kwargs: object) -> None:
        if len(args) > len(positional):
            raise TypeError(f"{value.__name__} takes {len(positional)} positional arguments, got {len(args)}")
        given = dict(zip(positional, args, strict=False))
        if not kwargs.keys().isdisjoint(given):
            raise TypeError(f"{value.__name__} got two values for {sorted(kwargs.keys() & given.keys())}")
        given |= kwargs
        for name in names:
            if name in given:
                _set(self, name, given.pop(name))
            elif name in defaults:
                _set(self, name, defaults[name])
            elif name in factories:
                _set(self, name, factories[name]())
            else:
                raise TypeError(f"{value.__name__} needs a value for {name!r}")
        if given:
            raise TypeError(f"{value.__name__} has no {sorted(given)}")
        if post_init is not None:
            post_init(self)

    return initialize


def _compared(value: Any) -> tuple[Any, ...]:  # noqa: ANN401 # any frozen value
    return tuple([getattr(value, each.name) for each in fields(value) if each.compare])


class _Value:
    """The methods of every class that `frozen` makes."""

    def __eq__(self, other: object) -> bool:
        return _compared(self) == _compared(other) if type(self) is type(other) else NotImplemented

    def __hash__(self) -> int:
        return hash(_compared(self))

    @override
    def __repr__(self) -> str:
        shown = [f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr]  # type: ignore[arg-type] # a data class
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __getstate__(self) -> list[Any]:
        return [getattr(self, each.name) for each in fields(self)]  # type: ignore[arg-type] # a data class

    def __setstate__(self, state: list[Any]) -> None:
        for each, value in zip(fields(self), state, strict=True):  # type: ignore[arg-type] # a data class
            _set(self, each.name, value)


_METHODS = {
    name: _Value.__dict__[name]
    for name in ("__eq__", "__hash__", "__repr__", "__setattr__", "__delattr__", "__getstate__", "__setstate__")
}
