"""What the fixpipe asks of the memory system."""

import numpy as np

import vitruvian as vt

TILE_BYTES = 128 * 128 * 4


def requests(device, elves, name):
    module = device.load(elves["fixpipe_layouts"])
    out = np.zeros(TILE_BYTES // 4, np.float32)
    run = module[name].launch(block_dim=1, args=[vt.out(out)]).check()
    return run.memory["requests"]


def test_only_rows_go_out_in_requests_of_256_bytes(device, elves):
    """Columns of fractals are contiguous: requests of 512 B. NZ2ND writes 256 B at most (facts 3.3)."""
    assert requests(device, elves, "store_fractals") == TILE_BYTES // 512
    assert requests(device, elves, "store_rows") == TILE_BYTES // 256
