"""`houserules positions`: where a service goes on reading, when somebody has to decide it."""

import typer

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Where a service goes on reading.")


@app.command()
def reset(context: typer.Context) -> None:
    """x"""
