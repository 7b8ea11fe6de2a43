"""cli.py ENDPOINT COMMANDS: runs the AWS CLI in this process, once for each list of arguments
that COMMANDS has, one in JSON a line. The last line says ok."""

import contextlib
import io
import json
import os
import sys

os.environ.update(
    AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="y", AWS_DEFAULT_REGION="us-east-1", AWS_CONFIG_FILE=os.devnull, AWS_MAX_ATTEMPTS="1"
)

from awscli.clidriver import create_clidriver  # noqa: E402  after its environment


def main(endpoint, commands):
    with open(commands) as f:
        for n, line in enumerate(f):
            out = io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
                try:
                    code = create_clidriver().main(["--endpoint-url", endpoint] + json.loads(line))
                except SystemExit as e:
                    code = e.code
            if code != 0:
                raise SystemExit("command %d exits with %s: %s\n%s" % (n, code, out.getvalue()[-2000:], line))
    print("ok")


main(*sys.argv[1:])
