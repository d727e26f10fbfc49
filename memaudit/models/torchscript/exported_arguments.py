"""Which argument of a torch.export program plays which role, and whether it may have any length."""

from __future__ import annotations

from memaudit.errors import ModelError
from memaudit.models.ctc.recognizer import CtcInputs, Layout
from memaudit.models.frontends.base import FrontEnd
from memaudit.models.torchscript.exported import Argument


def bound_arguments(
    arguments: tuple[Argument, ...], inputs: CtcInputs, front_end: FrontEnd, *, where: str
) -> tuple[Argument, Argument | None, Layout | None]:
    """The features, their length, and the order of the features' axes (None for a waveform).

    Raises:
        ModelError: if one is missing or ambiguous, an argument is left over, or a fixed axis does not fit.
    """
    listed = ", ".join(one.text for one in arguments) or "none"
    floats = [one for one in arguments if one.dtype.is_floating_point]
    features = _picked(floats, arguments, "features", inputs.features, where=where)
    length = _picked(
        [one for one in arguments if not one.dtype.is_floating_point],
        arguments,
        "length",
        inputs.length,
        where=where,
    )
    left = [one for one in arguments if one not in (features, length)]
    rank = 2 if front_end.num_features is None else 3
    if features is None or left or len(features.shape) != rank:
        wanted = "a waveform [1, samples]" if rank == 2 else "features [1, frames, features]"
        raise ModelError(
            f"takes {listed}, not {wanted} and at most their length",
            where=where,
            how="export a module whose forward does, or check 'front_end.kind' and [inputs]",
        )
    layout = _layout(features, inputs.layout, front_end, where=where)
    return features, length, layout


def _picked(
    fitting: list[Argument], everything: tuple[Argument, ...], key: str, named: str | None, *, where: str
) -> Argument | None:
    if named is None:
        return fitting[0] if len(fitting) == 1 else None
    for one in everything:
        if one.name == named:
            return one
    raise ModelError(
        f"has no argument '{named}', which 'inputs.{key}' names",
        where=where,
        how=f"it has: {', '.join(one.text for one in everything) or 'none'}",
    )


def _layout(features: Argument, named: Layout | None, front_end: FrontEnd, *, where: str) -> Layout | None:
    if features.shape[0] not in (None, 1):
        raise ModelError(
            f"'{features.name}' takes batches of {features.shape[0]} only",
            where=where,
            how="export with batch 1 or any",
        )
    size, layout, time = front_end.num_features, None, features.shape[1]
    if size is not None:
        first, last = features.shape[1:]
        turned = first is not None and (last is None or (first == size and last != size))
        layout = named or ("features-time" if turned else "time-features")
        time, wide = (first, last) if layout == "time-features" else (last, first)
        if wide not in (None, size):
            raise ModelError(
                f"'{features.name}' takes {wide} features a frame, but the front end gives {size}",
                where=where,
                how="set [front_end] to what the model was trained with; 'inputs.layout' turns the axes",
            )
    if time is not None:
        raise ModelError(
            f"'{features.name}' takes a fixed length of {time}",
            where=where,
            how="export it again with dynamic_shapes that leave the time axis free",
        )
    return layout
