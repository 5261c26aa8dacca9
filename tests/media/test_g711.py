import numpy as np
import pytest

from media import g711

EVERY_SAMPLE = np.arange(-32768, 32768).astype(np.int16)
EVERY_CODE = np.arange(256, dtype=np.uint8)


@pytest.mark.parametrize(
    ("code", "sample"), [(0x00, -32124), (0x80, 32124), (0xFF, 0), (0x7F, 0), (0xFE, 8), (0x7E, -8)]
)
def test_ulaw_codes_decode_to_the_itu_values(code: int, sample: int) -> None:
    assert g711.ulaw_decode(np.array([code], np.uint8))[0] == sample


@pytest.mark.parametrize(("code", "sample"), [(0xD5, 8), (0x55, -8), (0xAA, 32256), (0x2A, -32256)])
def test_alaw_codes_decode_to_the_itu_values(code: int, sample: int) -> None:
    assert g711.ALAW_DECODE[code] == sample


def test_encoding_a_decoded_code_gives_it_back_except_for_negative_zero() -> None:
    assert np.array_equal(
        np.delete(g711.ulaw_encode(g711.ulaw_decode(EVERY_CODE)), 0x7F), np.delete(EVERY_CODE, 0x7F)
    )
    assert np.array_equal(g711.ALAW_ENCODE[g711.ALAW_DECODE.view(np.uint16)], EVERY_CODE)


@pytest.mark.parametrize("law", ["ULAW", "ALAW"])
def test_quantisation_is_monotonic_and_within_half_a_step(law: str) -> None:
    encode, decode = getattr(g711, f"{law}_ENCODE"), getattr(g711, f"{law}_DECODE")
    decoded = decode[encode[EVERY_SAMPLE.view(np.uint16)]].astype(int)
    assert np.all(np.diff(decoded) >= 0)
    small = np.abs(EVERY_SAMPLE.astype(int)) < 32000
    error = np.abs(decoded - EVERY_SAMPLE)[small]
    assert np.all(error <= np.maximum(np.abs(EVERY_SAMPLE.astype(int))[small] / 16, 16))


def test_transcoding_by_table_is_at_most_one_level_from_decoding_and_encoding() -> None:
    order = {
        law: np.argsort(np.argsort(getattr(g711, f"{law}_DECODE"), kind="stable")) for law in ("ULAW", "ALAW")
    }
    direct = order["ALAW"][g711.ULAW_TO_ALAW[EVERY_CODE]]
    assert np.abs(direct - order["ALAW"][g711.ALAW_ENCODE[g711.ULAW_DECODE.view(np.uint16)]]).max() <= 1
    direct = order["ULAW"][g711.ALAW_TO_ULAW[EVERY_CODE]]
    assert np.abs(direct - order["ULAW"][g711.ulaw_encode(g711.ALAW_DECODE)]).max() <= 1


def test_silence_is_silence_in_both_laws() -> None:
    assert g711.ULAW_TO_ALAW[g711.ULAW_SILENCE] == g711.ALAW_SILENCE
    assert abs(g711.ULAW_DECODE[g711.ALAW_TO_ULAW[g711.ALAW_SILENCE]]) <= 8
