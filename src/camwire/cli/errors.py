"""How a command ends where it can't do what it was asked."""

FAILURE = 1
WRONG_CONFIGURATION = 2
INTERRUPTED = 130


class CommandError(Exception):
    """Ends a command with a message for people and an exit status; no traceback is shown."""

    def __init__(self, message: str, exit_status: int = FAILURE) -> None:
        super().__init__(message)
        self.exit_status = exit_status
