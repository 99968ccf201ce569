"""The three people of the story: what they wear, and what they agree to. All are made up."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from infra.local.google import Account, World
from infra.local.google.devices import cuff, every_device, old_band, phone, scale, watch
from shared.vocabulary import Kind


class Words(NamedTuple):
    """The same in both languages people read us in."""

    ja: str
    en: str

    def filled(self, **given: object) -> "Words":
        """With what is `{named}` in them filled in."""
        return Words(self.ja.format(**given), self.en.format(**given))


@dataclass(frozen=True)
class Person:
    """Someone with the app, and an account at Google. `ticked` is what they agree to of what the app asks for."""

    uid: str
    name: Words
    about: Words
    zone: str
    account: Account
    ticked: tuple[Kind, ...]
    asked: tuple[Kind, ...] = tuple(Kind)


TOKYO = "Asia/Tokyo"
HANA, KEN, MIDORI = "hana", "ken", "midori"


def cast(world: World, history: timedelta) -> list[Person]:
    """Open their accounts, with devices in use for `history`."""
    return [_hana(world, history), _ken(world, history), _midori(world, history)]


def _hana(world: World, history: timedelta) -> Person:
    account = world.account("hana@example.com", name="森 はな", zone=TOKYO, devices=every_device(), history=history)
    return Person(
        HANA,
        Words("森 はな", "Hana Mori"),
        Words(
            "八種類すべてに同意。時計、電話、体重計、血圧計、血糖計を使う。",
            "Agrees to all eight kinds. Uses a watch, a phone, a scale, a cuff and a glucose meter.",
        ),
        TOKYO,
        account,
        tuple(Kind),
    )


def _ken(world: World, history: timedelta) -> Person:
    devices = [phone(raw_only=frozenset()), scale(), cuff(), old_band()]
    account = world.account("ken@example.com", name="谷 健", zone=TOKYO, devices=devices, history=history)
    return Person(
        KEN,
        Words("谷 健", "Ken Tani"),
        Words(
            "八種類のうち三種類（歩数、血圧、睡眠）だけに同意。途中でベルリンへ移動する。",
            "Agrees to three of the eight kinds: steps, blood pressure, sleep. Flies to Berlin on the way.",
        ),
        TOKYO,
        account,
        (Kind.STEPS, Kind.BLOOD_PRESSURE, Kind.SLEEP),
    )


def _midori(world: World, history: timedelta) -> Person:
    account = world.account("midori@example.com", name="沢 みどり", zone=TOKYO, devices=[watch()], history=history)
    return Person(
        MIDORI,
        Words("沢 みどり", "Midori Sawa"),
        Words(
            "時計が二日遅れて送信する。Google での許可を一度取り消し、翌日に連携し直す。",
            "Her watch uploads two days late. She takes the permission back at Google, and reconnects a day later.",
        ),
        TOKYO,
        account,
        tuple(Kind),
    )


_RECORDED = Words("記録された Google Fit の応答。", "Recorded answers of Google Fit.")
_ANOTHERS = Words(
    "前の記録と同じ時刻に別の値を持つため、別の人のものとした応答。",
    "Answers that contradict the ones before about the same moments, and so are taken for another person's.",
)


def recorded(accounts: Iterable[Account], zone: str) -> list[Person]:
    """Whoever the recordings are of: unknown people who agree to everything."""
    return [
        Person(
            f"recorded{number}",
            Words(f"記録 {number}", f"Recording {number}"),
            _RECORDED if number == 1 else _ANOTHERS,
            zone,
            account,
            tuple(Kind),
        )
        for number, account in enumerate(accounts, start=1)
    ]
