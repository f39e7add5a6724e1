"""The Hugging Face Hub: fetching and pushing folders, and what went wrong in one line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from photism.errors import ConfigError, StorageError

REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
"""An owner and a name, as the Hub has them."""
_LOG_IN = "`hf auth login` stores a token, or HF_TOKEN holds it"


def fetch(repository: str, files: Sequence[str]) -> Path:
    """Fetch files of a repository into the Hub's own cache, or take what is there.

    Args:
        repository: `owner/name`.
        files: names of files; those that are not there are left out.

    Returns:
        The folder with them.

    Raises:
        StorageError: they cannot be had; says why.
    """
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(repository, allow_patterns=list(files)))
    except Exception as error:  # the client, its network and its cache raise all kinds
        raise StorageError(reason(error)) from error


def push(folder: Path, repository: str, *, private: bool, message: str) -> str:
    """Push the files of a folder as one commit; the repository is made if it is not there.

    Args:
        folder: all of it is pushed; what else the repository holds stays.
        repository: `owner/name`.
        private: of a new repository: nobody else sees it.
        message: of the commit.

    Returns:
        The address of the repository.

    Raises:
        ConfigError: no such name can be, or there is no token.
        StorageError: the Hub cannot be reached or refuses; says why.
    """
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.utils.tqdm import disable_progress_bars

    if not REPOSITORY.fullmatch(repository):
        raise ConfigError(
            f"a repository is owner/name, such as ada/aivae-digits, not {repository!r}"
        )
    if get_token() is None:
        raise ConfigError(f"pushing to the Hub needs a token: {_LOG_IN}")
    disable_progress_bars()  # of its own; these files are small
    hub = HfApi(library_name="photism")
    try:
        hub.create_repo(repository, private=private, exist_ok=True)
        hub.upload_folder(repo_id=repository, folder_path=folder, commit_message=message)
    except Exception as error:  # as above
        raise StorageError(f"{repository} was not pushed: {reason(error)}") from error
    return f"{hub.endpoint}/{repository}"


def reason(error: Exception) -> str:
    """Say in one line what went wrong with the Hub.

    Args:
        error: whatever its client raised.

    Returns:
        A clause with a remedy where there is one, without a full stop.
    """
    from huggingface_hub import constants, errors

    if isinstance(error, errors.GatedRepoError):
        return f"its owner grants access one by one: ask on its page, and log in ({_LOG_IN})"
    if isinstance(error, errors.RepositoryNotFoundError):
        return f"no such repository, or a private one that no token opens: {_LOG_IN}"
    if isinstance(error, errors.HfHubHTTPError) and error.response is not None:
        return _refused(error.response.status_code, error.server_message)
    if isinstance(error, errors.HFValidationError):
        return f"the Hub has no such names ({_first_line(error)})"
    unreachable = f"{constants.ENDPOINT} cannot be reached"
    if isinstance(error, errors.OfflineModeIsEnabled | errors.LocalEntryNotFoundError):
        return f"{unreachable}, and nothing of it lies in the cache"
    # ConnectionError is what the client's storage library raises, the others its HTTP library
    if isinstance(error, ConnectionError) or type(error).__module__.startswith(
        ("httpx", "httpcore")
    ):
        return unreachable
    return _first_line(error)


def _refused(status: int, said: str | None) -> str:
    if status == 401:
        return f"the Hub does not know the token: {_LOG_IN}"
    if status == 403:
        return "the token may not write there: give it that right, or name another owner"
    return f"the Hub answered {status}" + (f", {_first_line(said)}" if said else "")


def _first_line(error: object) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
