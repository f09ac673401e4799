"""Where the executed notebook of a run goes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from durnb.digests import digest_of
from durnb.engine.runs import DEFAULT_KEY
from durnb.errors import UsageError
from durnb.journal import quoted

_LONGEST: Final = 200  # bytes, so that suffixes and the name of a draft beside it stay under 255


def output_beside(notebook: Path, key: str = DEFAULT_KEY) -> Path:
    """The default: ``etl.out.ipynb`` beside ``etl.ipynb``, or ``etl.KEY.out.ipynb``, so that runs of two keys do not overwrite each other."""
    if key == DEFAULT_KEY:
        return notebook.with_name(f"{notebook.stem}.out.ipynb")
    name = f"{notebook.stem}.{quoted(key)}"
    if len(name.encode(errors="surrogatepass")) > _LONGEST:
        name = f"{notebook.stem}.{digest_of(key)[:16]}"
    return notebook.with_name(f"{name}.out.ipynb")


def filled_in(output: str, parameters: Mapping[str, Any]) -> Path:
    """The path that a person gave, parameters in braces filled in as papermill does: ``o-{day}.ipynb``. Raises UsageError for one that is not there."""
    if "{" not in output and "}" not in output:
        return Path(output)
    try:
        return Path(output.format(**parameters))
    except KeyError as error:
        given = f"this run has {', '.join(parameters)}" if parameters else "this run has none"
        raise UsageError(f"--output {output}: there is no parameter {error.args[0]!r}, {given}; a brace itself is written twice") from None
    except (ValueError, IndexError, AttributeError, TypeError) as error:
        raise UsageError(
            f"--output {output}: it can't be filled in ({error}): {{day}} is a parameter, a brace itself is written twice"
        ) from None
