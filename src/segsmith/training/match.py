"""Whether a trained network and a data set speak of the same classes."""

from segsmith.data.base import Dataset
from segsmith.errors import UserError
from segsmith.networks.meta import Meta


def require_same_classes(meta: Meta, dataset: Dataset) -> None:
    names = dataset.classes.names
    if names == meta.classes:
        return
    if set(names) == set(meta.classes):
        what = "the same classes in another order"
    else:
        strange = sorted(set(names) ^ set(meta.classes))
        what = f"other classes ({', '.join(strange[:4])}{'…' if len(strange) > 4 else ''} on one side only)"
    raise UserError(
        f"{dataset.name} has {what} than the network was trained on",
        fix="train it on them: segsmith train RUN --data …",
    )
