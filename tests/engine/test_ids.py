"""Keys: unique, and in the order in which a process makes them."""

import threading

from engine.ids import uuid7


def test_keys_of_a_process_are_in_the_order_of_their_making():
    """Many in one millisecond; lists that are shown in the order of keys are in the order of events."""
    made = [uuid7() for _ in range(20_000)]

    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_threads_make_different_keys_each_in_order():
    lists: list[list] = []
    threads = [threading.Thread(target=lambda: lists.append([uuid7() for _ in range(5_000)])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(made == sorted(made) for made in lists)
    assert len({key for made in lists for key in made}) == 20_000
