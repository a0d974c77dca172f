"""The same for ``asyncio``: every wait leaves the event loop free."""

import asyncio

from ._client import Client
from ._events import Events
from ._study import Study


class AsyncStudy:
    """A :class:`Study` whose methods are awaited."""

    def __init__(self, study):
        self.study = study

    def __repr__(self):
        return repr(self.study).replace("<Study", "<AsyncStudy")

    def __getattr__(self, name):
        found = getattr(self.study, name)
        if not callable(found):
            return found

        async def call(*arguments, **more):
            answer = await asyncio.to_thread(found, *arguments, **more)
            return self if answer is self.study else answer

        return call

    async def wait(self, timeout=None, progress=None):
        """As :meth:`Study.wait`; when the task is cancelled the study goes on."""
        events = Events(self.study._transport, self.study.id)
        try:
            await asyncio.to_thread(self.study._wait, events, timeout, progress)
        finally:
            events.close()
        return self


class AsyncClient:
    """A :class:`Client` whose methods are awaited."""

    def __init__(self, *arguments, **more):
        self.client = Client(*arguments, **more)

    def __getattr__(self, name):
        found = getattr(self.client, name)
        if not callable(found):
            return found

        async def call(*arguments, **more):
            answer = await asyncio.to_thread(found, *arguments, **more)
            if isinstance(answer, list):
                return [AsyncStudy(item) if isinstance(item, Study) else item for item in answer]
            return AsyncStudy(answer) if isinstance(answer, Study) else answer

        return call

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self.client.close()

    async def run(self, *arguments, timeout=None, progress=None, **more):
        """Begins a study, waits for its end and gives its results."""
        study = await self.create(*arguments, **more)
        await study.wait(timeout=timeout, progress=progress)
        return await study.results()

    async def events(self, study=None):
        """What happens, as it happens: pairs of a name and a dictionary, without end."""
        events = Events(self.client._transport, study)
        found = iter(events)
        try:
            while True:
                event = await asyncio.to_thread(next, found, None)
                if event is None:
                    return
                if event[0] != "connected":
                    yield event
        finally:
            events.close()
