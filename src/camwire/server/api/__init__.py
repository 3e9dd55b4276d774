"""REST under `/api/v1`: what programs ask and change, and the page that shows all of it."""

from camwire.server.api.app import PREFIX, create_api
from camwire.server.api.services import Services

__all__ = ["PREFIX", "Services", "create_api"]
