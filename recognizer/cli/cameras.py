"""python main.py cameras discover: find network cameras by ONVIF, and print settings for them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from recognizer.cli import _console, _options
from recognizer.errors import SourceError, UsageError

if TYPE_CHECKING:
    from recognizer.integrations.onvif.device import Device
    from recognizer.integrations.onvif.soap import Credentials

app = typer.Typer(help="Network cameras: find them, and their streams.", no_args_is_help=True)
USER_VARIABLE, PASSWORD_VARIABLE = "CAMERA_USER", "CAMERA_PASSWORD"


@app.callback()
def _cameras() -> None:
    """Network cameras: find them, and their streams."""


@app.command()
def discover(
    host: Annotated[
        list[str] | None, typer.Option("--host", help="Ask this host (HOST, HOST:PORT) and do not search; repeatable.")
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", "-u", help=f"User of the cameras; else ${USER_VARIABLE}.")
    ] = None,
    password_env: Annotated[
        str, typer.Option("--password-env", help="Environment variable with the user's password.")
    ] = PASSWORD_VARIABLE,
    password_file: Annotated[
        Path | None, typer.Option("--password-file", help="File whose first line is the user's password.")
    ] = None,
    wait_s: Annotated[float, typer.Option("--wait", min=0.5, max=60, help="Seconds to wait for answers.")] = 3.0,
    interface: Annotated[
        list[str] | None, typer.Option("--interface", help="IPv4 address of this machine to search from; repeatable.")
    ] = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Find cameras on the local network by ONVIF, and print their streams as settings.

    Where a camera wants a user and a password, they come from the options or the environment; at a terminal the command
    prompts for them. The password is sent as a digest, and neither printed nor logged.
    """
    try:
        from recognizer.app import found_cameras
        from recognizer.integrations.onvif.device import device_address
        from recognizer.integrations.onvif.discovery import FoundDevice
        from recognizer.integrations.onvif.discovery import discover as search
    except ModuleNotFoundError as error:
        raise UsageError(
            f"Finding cameras needs {error.name}, which is not installed: pip install -r requirements-integrations.txt"
        ) from None
    if host:
        found = [FoundDevice(device_address(each), each, "") for each in host]
    else:
        with _console.err.status("searching"):
            found = search(wait_s=wait_s, interfaces=interface)
    login = _Login(user, password_env, password_file)
    devices: list[Device] = []
    failed: list[str] = []
    for each in found:
        try:
            devices.append(login.read(each.address, each.name))
        except SourceError as error:
            failed.append(str(error))
            _console.err.print(f"[yellow]{escape(str(error))}[/]", highlight=False, soft_wrap=True)
    if as_json:
        _console.print_json({"cameras": [found_cameras.as_dict(each) for each in devices], "failed": failed})
    elif devices:
        known = login.credentials
        typer.echo(
            found_cameras.settings_yaml(devices, user=known.user if known else None, password_env=password_env),
            nl=False,
        )
    if not devices:
        raise SourceError(
            f"{len(found)} devices answered, and none of them gave its streams."
            if found
            else "No camera answered. Is ONVIF switched on in the camera, and is it in this machine's network? "
            "Multicast does not pass routers, VPNs or Docker's default network: --host HOST asks one camera."
        )


class _Login:
    """The user of the cameras; prompted for once, when the first camera wants one."""

    def __init__(self, user: str | None, password_env: str, password_file: Path | None) -> None:
        from recognizer.capture.address import secret_line
        from recognizer.integrations.onvif.soap import Credentials

        user = user or os.environ.get(USER_VARIABLE)
        password = os.environ.get(password_env)
        if password_file is not None:
            password = secret_line(password_file, holds="password")
        self._user = user
        self.credentials = Credentials(user, password) if user and password else None
        self._may_ask = self.credentials is None and sys.stdin.isatty()

    def read(self, address: str, name: str) -> Device:
        from recognizer.integrations.onvif.device import read_device
        from recognizer.integrations.onvif.soap import RefusedError

        try:
            return read_device(address, self.credentials, name=name)
        except RefusedError as error:
            if self.credentials is not None:
                raise
            if not self._may_ask:
                raise SourceError(
                    f"{error}; name the user with --user and put the password into ${PASSWORD_VARIABLE}"
                ) from None
            self.credentials = self._ask(str(error))
            return read_device(address, self.credentials, name=name)

    def _ask(self, why: str) -> Credentials:
        from recognizer.integrations.onvif.soap import Credentials

        _console.err.print(escape(why), highlight=False)
        user = self._user or typer.prompt("user", err=True)
        return Credentials(user, typer.prompt("password", hide_input=True, err=True))
