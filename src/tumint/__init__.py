"""tumint: interactions between cells, and whether they decide if immunotherapy works.

The Python interface is `score`, `parts`, `composition`, `density`, `distance`, `compare`, `power` and the figures of
`pl` (docs/python.md).
Nothing is imported here: `import tumint` and `tumint --help` stay fast, and a module that lies in the folder in which
`python -m tumint` is started is not found before `tumint.cli` takes that folder from the path.
"""

TYPE_CHECKING = False  # as in typing, which is not imported: see above
if TYPE_CHECKING:
    from tumint import pl as pl
    from tumint.api.compare import compare as compare
    from tumint.api.features import composition as composition
    from tumint.api.features import density as density
    from tumint.api.features import distance as distance
    from tumint.api.features import parts as parts
    from tumint.api.power import power as power
    from tumint.api.score import score as score
    from tumint.errors import TumintError as TumintError

__version__ = "0.1.0"
_PUBLIC = {
    "TumintError": "tumint.errors",
    "compare": "tumint.api.compare",
    "composition": "tumint.api.features",
    "density": "tumint.api.features",
    "distance": "tumint.api.features",
    "parts": "tumint.api.features",
    "power": "tumint.api.power",
    "score": "tumint.api.score",
}
__all__ = [
    "TumintError",
    "__version__",
    "compare",
    "composition",
    "density",
    "distance",
    "parts",
    "pl",
    "power",
    "score",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'tumint' has no attribute {name!r}")
    from importlib import import_module

    if name == "pl":
        return import_module("tumint.pl")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return __all__
