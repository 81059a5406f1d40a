"""An HDF5 file of somebody else's, looked through before any of it is used: that it is whole in itself, that it unpacks
to a size that can be, and that its sparse matrices are what they say.

scipy and anndata take index arrays as they come: one out of range ends the process, a negative one loses a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tumint.errors import DataError, Fault
from tumint.io.raw.limits import check_unpacked
from tumint.io.raw.source import Place, check_ordinary, reading
from tumint.text import integer

_BLOCK = 1 << 22  # elements of an index array that are held at a time
_SPARSE = ("data", "indices", "indptr")


def check_hdf5(place: Place, what: str) -> None:
    """Raise `DataError`, one line, where the file is not to be read.

    Parameters
    ----------
    what
        What the file should be, as `a whole h5ad file`.

    Raises
    ------
    DataError
        A link to another file, values that are kept in or put together from others; more than
        `limits` allow; a sparse matrix whose lengths, row starts or indices are wrong.
    """
    import h5py

    check_ordinary(place)
    with reading(place, what), h5py.File(place.path, "r") as file:
        n_bytes = 0
        sparse = []
        for name, item in _items(file, place):
            if isinstance(item, h5py.Dataset):
                n_bytes += item.size * item.dtype.itemsize if item.size is not None else 0
            elif isinstance(item, h5py.Group) and _is_sparse(item):
                sparse.append((name, item))
        check_unpacked(place.at(), n_bytes, Path(place.path).stat().st_size)
        for name, group in sparse:
            _check_sparse(group, f"{name} of {place.at()}")


def _items(file: Any, place: Place) -> Iterator[tuple[str, Any]]:
    """Every group and dataset of the file by its name, each once; raises where one is not in the file itself."""
    import h5py

    waiting: list[tuple[str, Any]] = [("/", file)]
    seen = set()
    while waiting:
        name, item = waiting.pop()
        about = h5py.h5o.get_info(item.id)
        if (about.fileno, about.addr) in seen:
            if isinstance(item, h5py.Group) and any(item.get(key, getclass=True) is h5py.Group for key in item):
                # a ring, or groups that hold the next one twice: anndata would go round, or down, without end
                raise DataError(Fault(f"{name} of {place.at()}", "each group of groups once", "one of two names"))
            continue
        seen.add((about.fileno, about.addr))
        yield name, item
        if isinstance(item, h5py.Group):
            waiting += [(f"{name.rstrip('/')}/{key}", item[key]) for key in _own(item, name, place)]
        elif isinstance(item, h5py.Dataset) and (item.is_virtual or item.external):
            found = "a virtual dataset" if item.is_virtual else f"a dataset kept in `{item.external[0][0]}`"
            raise DataError(Fault(f"{name} of {place.at()}", "values in the file itself", found))


def _own(group: Any, name: str, place: Place) -> Iterator[str]:
    """Names of what a group holds; raises at a link that leaves the file or leads nowhere in it."""
    import h5py

    for key in group:
        where = f"{name.rstrip('/')}/{key} of {place.at()}"
        kind = group.id.links.get_info(key.encode("utf-8", "surrogateescape")).type
        if kind not in (h5py.h5l.TYPE_HARD, h5py.h5l.TYPE_SOFT):
            link = group.get(key, getlink=True) if kind == h5py.h5l.TYPE_EXTERNAL else None
            found = "a link of an unknown kind" if link is None else f"a link to `{link.filename}`"
            raise DataError(Fault(where, "values in the file itself", found))
        if kind == h5py.h5l.TYPE_SOFT and group.get(key) is None:
            found = f"a link to `{group.get(key, getlink=True).path}`, which is not there"
            raise DataError(Fault(where, "values in the file itself", found))
        yield key


def _is_sparse(group: Any) -> bool:
    """Whether anndata, now or in older versions, or 10x Genomics wrote it as a matrix."""
    return _kind(group).startswith(("csr", "csc")) or {*_SPARSE, "shape"} <= set(group)


def _kind(group: Any) -> str:
    """`csr_matrix`, `csc_matrix`, ..., or nothing where the group does not say."""
    kind = group.attrs.get("encoding-type", group.attrs.get("h5sparse_format", ""))
    return kind.decode("utf-8", "replace") if isinstance(kind, bytes) else str(kind)


def _check_sparse(group: Any, where: str) -> None:
    """Lengths, row starts and indices of a CSR or CSC matrix, block by block."""
    kind = _kind(group)
    shape = group.attrs.get("shape", group.attrs.get("h5sparse_shape"))
    if shape is None:  # as 10x Genomics writes it: a dataset, features × cells by column
        shape, kind = (group["shape"][:] if "shape" in group else None), "csc"
    if shape is None or len(shape) != 2 or any(getattr(group.get(part), "ndim", 0) != 1 for part in _SPARSE):
        raise DataError(Fault(where, "a sparse matrix: its shape, data, indices and indptr", "not all of them"))
    data, indices, indptr = (group[part] for part in _SPARSE)
    major, minor = (int(n) for n in (shape if not kind.startswith("csc") else shape[::-1]))
    expected = f"a sparse matrix of {integer(int(shape[0]))} × {integer(int(shape[1]))}"
    if not all(np.issubdtype(part.dtype, np.integer) for part in (indices, indptr)):
        raise DataError(Fault(where, expected, f"indices of kind {indices.dtype} and {indptr.dtype}"))
    if len(indptr) != major + 1 or len(data) != len(indices):
        lengths = f"{integer(len(data))} values, {integer(len(indices))} indices and {integer(len(indptr))} row starts"
        raise DataError(Fault(where, expected, lengths))
    ends = indptr[:].astype(np.int64)
    if ends[0] != 0 or ends[-1] != len(indices) or (np.diff(ends) < 0).any():
        raise DataError(Fault(where, expected, "row starts that do not rise from 0 to the number of values"))
    for start in range(0, len(indices), _BLOCK):
        block = indices[start : start + _BLOCK]
        bad = (block < 0) | (block >= minor)
        if bad.any():
            found = f"the index {block[bad][0]}, which is not from 0 to {integer(minor - 1)}"
            raise DataError(Fault(where, expected, found))
