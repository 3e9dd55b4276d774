import random
import threading

import pytest

from camwire.pipeline.turnstile import Turnstile


def test_threads_pass_in_the_order_of_their_tickets():
    turnstile, passed, inside = Turnstile(), [], []
    tickets = list(range(40))
    random.Random(1).shuffle(tickets)

    def go(ticket):
        with turnstile.passing(ticket):
            inside.append(ticket)
            assert len(inside) == 1
            passed.append(ticket)
            inside.remove(ticket)

    threads = [threading.Thread(target=go, args=(ticket,)) for ticket in tickets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert passed == sorted(tickets)


def test_whoever_fails_inside_still_lets_the_next_one_through():
    turnstile = Turnstile()
    with pytest.raises(RuntimeError), turnstile.passing(0):
        raise RuntimeError
    with turnstile.passing(1):
        pass
