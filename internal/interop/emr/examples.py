"""examples.py ENDPOINT TITLES: runs every create-cluster command of the AWS CLI's own
documentation that needs no file, in this process, and writes the title of each command's
example to TITLES. The last line says ok."""

import contextlib
import io
import os
import re
import shlex
import sys

os.environ.update(
    AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="y", AWS_DEFAULT_REGION="us-east-1", AWS_CONFIG_FILE=os.devnull, AWS_MAX_ATTEMPTS="1"
)

import awscli  # noqa: E402  after its environment
from awscli.clidriver import create_clidriver  # noqa: E402


def commands(text):
    """Commands with the title above them; a command goes on in lines that are indented deeper."""
    title, command = "", []
    for line in text.splitlines() + [""]:
        if m := re.match(r"\*\*(.*)\*\*", line):
            title = m.group(1)
        if line.strip().startswith("aws emr create-cluster"):
            command = [line.strip()]
        elif command and line.startswith("        "):
            command.append(line.strip())
        elif command:
            yield title, shlex.split(" ".join(c.rstrip("\\") for c in command))
            command = []


def main(endpoint, titles):
    name = os.path.join(os.path.dirname(awscli.__file__), "examples", "emr", "create-cluster-examples.rst")
    with open(name) as f:
        text = f.read()
    files = 0
    with open(titles, "w") as w:
        for title, args in commands(text):
            if any("file://" in a or "https://" in a for a in args):
                files += 1
                continue
            out = io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
                try:
                    code = create_clidriver().main(["--endpoint-url", endpoint] + args[1:])
                except SystemExit as e:
                    code = e.code
            if code == 0:
                w.write(title + "\n")
            else:
                # A few commands of the documentation are themselves wrong.
                print("not sent: %s: %s" % (title, " ".join(out.getvalue().split())[:200]))
    print("ok: %d commands need a file" % files)


main(*sys.argv[1:])
