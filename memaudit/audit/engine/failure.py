"""An error on its way from one process to another: its type and its fields stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from memaudit import errors
from memaudit.errors import MemauditError, ModelError


@dataclass(frozen=True, slots=True)
class Failure:
    """A `MemauditError` as JSON values: the name of its class and the values of its attributes."""

    kind: str
    fields: dict[str, Any]

    @classmethod
    def of(cls, error: MemauditError) -> Failure:
        """The failure that an error is; a class of a plug-in goes as the class of ours that it comes from."""
        kind = next(base.__name__ for base in type(error).__mro__ if hasattr(errors, base.__name__))
        plain = {name: value for name, value in vars(error).items() if isinstance(value, str)}
        return cls(kind, plain)

    def error(self) -> MemauditError:
        """The error again."""
        made: MemauditError = getattr(errors, self.kind).__new__(getattr(errors, self.kind))
        MemauditError.__init__(made, self.fields["what"], where=self.fields["where"], how=self.fields["how"])
        vars(made).update(self.fields)
        return made


def unexpected(error: Exception, doing: str, *, where: str = "") -> ModelError:
    """What a model, or the code that runs it, raised that is no `MemauditError`."""
    return ModelError(
        f"{doing} failed ({type(error).__name__}: {error})",
        where=where,
        how="leave the recording out to see whether it alone does this, or mend the model",
    )
