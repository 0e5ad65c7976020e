"""Secrets in plain text: names of variables, flags of programs and forms of values."""

from __future__ import annotations

import re

SECRET_NAME = re.compile(
    r"(?:^|[_./-])(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIALS?|PAT|KEY|"
    r"AUTH_?HEADER|AUTHORIZATION)$|^PGPASSWORD$|^MYSQL_PWD$|^REDISCLI_AUTH$",
    re.IGNORECASE,
)
"""Name of what holds a secret; MAX_TOKENS and TOKEN_FILE are none."""
NO_SECRET = re.compile(
    r"(?:^|_)(?:BOS|CLS|EOS|EOT|MASK|PAD|SEP|STOP|UNK|IMAGE|SPECIAL|START|END|TOOL|THINK)_?TOKEN$"
    r"|(?:^|_)(?:PUBLIC|PRIMARY|SORT|FOREIGN|PARTITION|CACHE|LABEL|GROUP|HASH|ROUTING|NCCL)_?KEY$",
    re.IGNORECASE,
)
"""Names that end as a secret's do: words of a tokenizer, and keys that open nothing."""
SECRET_VALUE = re.compile(
    r"\b(?:sk-[A-Za-z0-9_-]{16,}|hf_[A-Za-z0-9]{8,}|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|"
    r"(?:AKIA|ASIA)[A-Z0-9]{16}|xox[baprs]-[\w-]{8,})\b"
    r"|[a-z][a-z0-9+.-]*://[^\s/:@]*:[^\s/@]+@|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\baws_secret_access_key\s*[=:]|^Bearer \S+"
)
"""Form of a secret: keys of well-known services, a URL with a password, a private key."""
SECRET_FLAG = re.compile(r"--?(?:[a-z0-9-]+-)?(?:api-key|token|password|secret|hf-token)(?:=(?P<value>.+))?")


def looks_secret(name: object, value: object) -> bool:
    """True for a value in plain text whose name or whose form is that of a secret."""
    if not isinstance(value, str) or not value:
        return False
    named = str(name)
    return bool(SECRET_VALUE.search(value) or (SECRET_NAME.search(named) and not NO_SECRET.search(named)))


def secret_arguments(arguments: list[str]) -> list[str]:
    """Flags of a command line that are given a secret itself; `$(NAME)` is taken from the environment."""
    found = []
    for flag, following in zip(arguments, [*arguments, ""][1:], strict=True):
        given = SECRET_FLAG.fullmatch(flag)
        value = (given["value"] or following) if given else ""
        if (value and not value.startswith(("$", "-"))) or SECRET_VALUE.search(flag):
            found.append(flag.partition("=")[0])
    return found
