from __future__ import annotations

import threading

import numpy as np

from recognizer.runtime.workers.pictures import SLOTS, PictureReader, PictureWriter, make_file
from recognizer.types import U8


def picture(value: int, side: int = 40) -> U8:
    return np.full((side, side + 3, 3), value, np.uint8)


def test_pictures_come_as_they_were_sent_until_no_slot_is_free() -> None:
    with make_file() as file:
        writer, reader = PictureWriter(file.fileno()), PictureReader(file)
        places = [writer.write(picture(value), wait=False) for value in range(SLOTS)]
        assert writer.write(picture(9), wait=False) is None
        for value, place in enumerate(places):
            assert place is not None
            np.testing.assert_array_equal(reader.read(place), picture(value))
        assert places[2] is not None
        writer.free(places[2].slot)
        again = writer.write(picture(99), wait=False)
        assert again is not None
        np.testing.assert_array_equal(reader.read(again), picture(99))


def test_larger_pictures_do_not_overwrite_those_on_their_way() -> None:
    with make_file() as file:
        writer, reader = PictureWriter(file.fileno()), PictureReader(file)
        small = writer.write(picture(1), wait=False)
        large = writer.write(picture(2, side=400), wait=False)
        assert small is not None
        assert large is not None
        np.testing.assert_array_equal(reader.read(small), picture(1))
        np.testing.assert_array_equal(reader.read(large), picture(2, side=400))
        writer.free(small.slot)  # of a size that is given up
        for _ in range(SLOTS - 1):
            assert writer.write(picture(3, side=400), wait=False) is not None
        assert writer.write(picture(3, side=400), wait=False) is None


def test_who_must_not_drop_waits_for_a_slot_until_nobody_reads() -> None:
    with make_file() as file:
        writer = PictureWriter(file.fileno())
        for value in range(SLOTS):
            writer.write(picture(value), wait=True)
        waiting = threading.Thread(target=writer.write, args=(picture(7),), kwargs={"wait": True}, daemon=True)
        waiting.start()
        waiting.join(0.05)
        assert waiting.is_alive()
        writer.abandon()
        waiting.join(20)
        assert not waiting.is_alive()
