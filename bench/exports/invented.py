"""Invented people, vehicles and documents that the synthetic exports share.

Invariant: nobody and nothing in here exists. A small pool occurs in the lists of several countries, each
time in the script and order of that country, so that a question over countries has an answer; everything else
is drawn at random.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"  # as in a VIN: no I, O, Q
_VIN_VALUES = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", "12345678123457923456789", strict=True))
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_MRZ_VALUES = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MRZ_LETTERS = str.maketrans(
    {
        "Ä": "AE",
        "Å": "AA",
        "Ö": "OE",
        "Ø": "OE",
        "Ü": "UE",
        "Þ": "TH",
        "ß": "SS",
        "Đ": "D",
        "Ð": "D",
        "Ł": "L",
    }
    | {"Æ": "AE", "Œ": "OE", "Ñ": "N", "ı": "I", "İ": "I", "'": "", "’": "", "-": "<", " ": "<"}
)


@dataclass(frozen=True)
class Person:
    """One of the pool. ``scripts``: family and given names as written in another script or language."""

    family: str
    given: str
    sex: str
    birth_date: str
    nationality: str
    birth_place: str
    second_family: str = ""
    patronymic: str = ""
    scripts: dict[str, tuple[str, str]] = field(default_factory=dict)


# Wanted here, a suspect there, the holder of a lost passport elsewhere.
PEOPLE: tuple[Person, ...] = (
    Person("Kovalenchuk", "Ostap", "M", "1979-04-17", "UA", "Uzhhorod", "", "Романович",
           {"uk": ("Ковальенчук", "Остап"), "ru": ("Ковальенчук", "Остап"),
            "ja": ("コヴァレンチュク", "オスタップ"), "th": ("โควาเลนชุก", "ออสตัป"),
            "ar": ("كوفالنتشوك", "أوستاب")}),
    Person("Weißgerbing", "Jürgen", "M", "1968-11-02", "DE", "Görlitz", "", "",
           {"uk": ("Вайсгербінг", "Юрген"), "ru": ("Вайсгербинг", "Юрген"), "th": ("ไวส์เกอร์บิง", "เยือร์เกิน")}),
    Person("Garcimonte", "Íñigo", "M", "1985-07-23", "ES", "Albacete", "Peñalbarda"),
    Person("Żółkiewczak", "Wojciech", "M", "1990-01-30", "PL", "Łomża", "", "",
           {"uk": ("Жулкевчак", "Войцех"), "ru": ("Жулкевчак", "Войцех")}),
    Person("Wangyu", "Chih-Yuan", "M", "1974-09-12", "TW", "Tainan", "", "", {"zh": ("王於", "志遠")}),
    Person("Todomachi", "Kenichi", "M", "1982-03-05", "JP", "Sakai", "", "", {"ja": ("藤堂町", "健一")}),
    Person("Al-Haddadine", "Salim", "M", "1971-12-25", "MA", "Oujda", "", "",
           {"ar": ("الحدادين", "سليم"), "th": ("อัลฮัดดาดีน", "ซาลิม"),
            "uk": ("Аль-Хаддадін", "Салім"),
            "ru": ("Аль-Хаддадин", "Салим")}),
    Person("Işıkçıoğul", "İlknur", "F", "1988-06-14", "TR", "Iğdır"),
    Person("Conceição Fariães", "João Batista", "M", "1993-08-09", "BR", "São Luís"),
    Person("Whitcombury", "Dale Harlan", "M", "1965-10-21", "US", "Dayton"),
    Person("D'Aubrecourbe", "Hélène", "F", "1977-02-28", "FR", "Bézénas"),
    Person("Petrosyanc", "Aram", "M", "1981-05-16", "AM", "Gyumri", "", "Гургенович",
           {"uk": ("Петросянц", "Арам"), "ru": ("Петросянц", "Арам"), "hy": ("Պետրոսյանց", "Արամ"),
            "ar": ("بيتروسيانتس", "آرام")}),
    Person("Sommutsakul", "Anong", "F", "1986-04-13", "TH", "Nan", "", "",
           {"th": ("สมมุติสกุล", "อนงค์"), "ar": ("سوموتساكول", "أنونغ")}),
    Person("Al-Mithalani", "Yahya", "M", "1983-11-19", "SA", "Abha", "", "",
           {"ar": ("المثالاني", "يحيى"), "th": ("อัลมิธาลานี", "ยะห์ยา")}),
    Person("Vymyslova", "Iuliia", "F", "1991-03-08", "RU", "Pskov", "", "Сергеевна",
           {"uk": ("Вимислова", "Юлія"), "ru": ("Вымыслова", "Юлия")}),
)  # fmt: skip


@dataclass(frozen=True)
class Vehicle:
    """A vehicle of the pool: stolen in one country, found or sought in another."""

    vin: str
    plate: str
    country: str
    make: str
    model: str
    year: int
    colour: str


@dataclass(frozen=True)
class Document:
    """A document of the pool; ``holder`` is a place in PEOPLE."""

    number: str
    state: str
    document_class: str
    holder: int


def vin_digit(vin: str) -> str:
    """The check digit that belongs at the ninth place of ``vin``."""
    total = sum(
        int(_VIN_VALUES.get(char, char)) * weight for char, weight in zip(vin, _VIN_WEIGHTS, strict=True)
    )
    return "X" if total % 11 == 10 else str(total % 11)


def vin(wmi: str, descriptor: str, year: int, serial: str, check: str | None = None) -> str:
    """A VIN: maker (3), descriptor (5), check digit or ``check``, year, plant and serial."""
    year_code = "ABCDEFGHJKLMNPRSTVWXY123456789"[(year - 1980) % 30]
    draft = f"{wmi}{descriptor}0{year_code}{serial}"
    return draft[:8] + (check or vin_digit(draft)) + draft[9:]


def random_vin(random: Random, wmi: str, year: int, *, check: bool = True) -> str:
    """A VIN of that maker; without ``check`` a Z stands where the digit would, as Volkswagen does it."""
    descriptor = "".join(random.choice(LETTERS + "0123456789") for _ in range(5))
    serial = random.choice(LETTERS) + f"{random.randrange(1_000_000):06d}"
    return vin(wmi, descriptor, year, serial, None if check else "Z")


VEHICLES: tuple[Vehicle, ...] = (
    Vehicle(
        vin("WVW", "ZZZ1J", 2017, "W000417", "Z"), "GR KX 4107", "DE", "VOLKSWAGEN", "Golf", 2017, "blue"
    ),
    Vehicle(vin("1HG", "CM826", 2019, "A004352"), "7XQR214", "US", "HONDA", "Accord", 2019, "silver"),
    Vehicle(vin("WBA", "3A5C5", 2018, "F610238"), "AC4718KX", "UA", "BMW", "320i", 2018, "black"),
    Vehicle(vin("VF1", "RFA00", 2020, "6201147", "0"), "GX-417-RZ", "FR", "RENAULT", "Mégane", 2020, "white"),
    Vehicle(vin("JTM", "RFREV", 2021, "D087714"), "KRX417", "NZ", "TOYOTA", "RAV4", 2021, "red"),
    Vehicle(vin("5YJ", "3E1EA", 2022, "F118427"), "BXK4417", "US", "TESLA", "Model 3", 2022, "white"),
    Vehicle(vin("TMB", "JJ7NE", 2019, "0141729", "7"), "WX 4417K", "PL", "SKODA", "Octavia", 2019, "grey"),
    Vehicle(vin("9BW", "AA45U", 2016, "T041726"), "QXK4D17", "BR", "VOLKSWAGEN", "Gol", 2016, "silver"),
)

DOCUMENTS: tuple[Document, ...] = (
    Document("17XK41729", "FRA", "passport", 10),
    Document("C01X0417K", "D", "passport", 1),
    Document("XK417290", "UKR", "passport", 0),
    Document("XKA417290", "ESP", "id_card", 2),
    Document("EX4172908", "POL", "passport", 3),
    Document("L898902C3", "UTO", "passport", 10),  # the specimen of ICAO Doc 9303
)

# Family names, given names of men, given names of women: common ones, joined at random.
NAMES: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "es": (
        (
            "García",
            "Ibáñez",
            "Núñez",
            "Peña",
            "Martínez",
            "Güell",
            "Otero",
            "Sánchez",
            "Zubiri",
            "de la Fuente",
        ),
        ("José Luis", "Íñigo", "Andrés", "Martín", "Jesús", "Álvaro", "Iván"),
        ("María José", "Begoña", "Inés", "Lucía", "Nerea", "Concepción"),
    ),
    "fr": (
        ("Lefèvre", "Dubois", "d'Artois", "Le Goff", "Besançon", "Gauthier", "Noël", "Châtelain", "Œuvrard"),
        ("Jérôme", "François", "Loïc", "Rémi", "Étienne", "Jean-Luc"),
        ("Chloé", "Anaïs", "Zoé", "Hélène", "Marie-Thérèse", "Inès"),
    ),
    "de": (
        ("Müller", "Weiß", "Jäger", "Schröder", "von Ahlen", "Köhler", "Strauß"),
        ("Jürgen", "Björn", "Götz", "Hans-Peter", "Sören"),
        ("Käthe", "Änne", "Heike", "Jörne", "Ute"),
    ),
    "en": (
        ("Ashdown", "O'Leary", "Smith-Hale", "Barlow", "Fenwick", "MacInnes", "Whitlock"),
        ("Harold", "Dale", "Ethan", "Sean", "Marcus"),
        ("Edith", "Paige", "Zoë", "Noreen", "Hazel"),
    ),
    "uk": (
        ("Прикладенко", "Зразківчук", "Вигадаренко", "Небувальчук", "Щасливий", "Ґедзюк", "Їжакевенко"),
        ("Олександр", "Євген", "Сергій", "Юрій", "Ігор", "Андрій", "Григорій"),
        ("Олена", "Юлія", "Ганна", "Наталія", "Мар’яна", "Соломія"),
    ),
    "ru": (
        (
            "Прикладенко",
            "Образцовчук",
            "Выгадаренко",
            "Небывальчук",
            "Счастливый-Ярко",
            "Гедзюк",
            "Ежакевенко",
        ),
        ("Александр", "Евгений", "Сергей", "Юрий", "Игорь", "Андрей", "Григорий"),
        ("Елена", "Юлия", "Анна", "Наталья", "Марьяна", "Соломия"),
    ),
    "pl": (
        ("Zmyśliński", "Przykładowicz", "Wzorczak", "Niebywałek", "Żmudźko", "Gęślak", "Ćwiekłowicz"),
        ("Łukasz", "Paweł", "Grzegorz", "Michał", "Sławomir", "Zdzisław"),
        ("Małgorzata", "Bożena", "Świętosława", "Agnieszka", "Róża"),
    ),
    "th": (
        ("ตัวอย่างดี", "สมมุติวงศ์", "นามสมมติ", "ประดิษฐ์นาม", "ไม่มีจริง", "จำลองศรี"),
        ("สมชาย", "ประเสริฐ", "วิชัย", "ณรงค์", "อนันต์", "เกรียงศักดิ์"),
        ("มาลี", "สุดา", "พรทิพย์", "วันเพ็ญ", "จันทร์จิรา"),
    ),
    "ar": (
        ("الافتراضي", "النموذجي", "المثالوي", "الخيالاني", "آل مثال", "التجريبي"),
        ("خالد", "يحيى", "مصطفى", "كريم", "علي", "زكريا", "هادي"),
        ("هدى", "سلمى", "مكية", "ليلى", "كوثر"),
    ),
}


def plain(name: str) -> str:
    """The name in A-Z and spaces, as a clerk types it: accents dropped, Ł as L, ß as SS."""
    bare = unicodedata.normalize("NFKD", name.upper().translate(str.maketrans("ŁĐØİ", "LDOI")))
    return "".join(char for char in bare if char.isascii() and (char.isalpha() or char in " -"))


def mrz_digit(text: str) -> str:
    """The check digit of ICAO Doc 9303-3 over ``text``."""
    weights = (7, 3, 1)
    return str(
        sum(max(_MRZ_VALUES.find(char), 0) * weights[place % 3] for place, char in enumerate(text)) % 10
    )


def mrz_name(family: str, given: str, width: int) -> str:
    """The name field of an MRZ, filled or cut to ``width``."""

    def letters(name: str) -> str:
        plain = unicodedata.normalize("NFKD", name.upper().translate(_MRZ_LETTERS))
        return "".join(char for char in plain if char.isascii() and (char.isalpha() or char == "<"))

    return f"{letters(family)}<<{letters(given)}".ljust(width, "<")[:width]


def mrz(
    size: str, code: str, state: str, number: str, person: tuple[str, str, str, str, str], expiry: str
) -> list[str]:
    """The lines of a TD1, TD2 or TD3 document with right check digits.

    ``person``: family name, given names, nationality, birth date and expiry as YYMMDD, sex as M, F or <.
    """
    family, given, nationality, birth, sex = person
    code, state, nationality = code.ljust(2, "<"), state.ljust(3, "<"), nationality.ljust(3, "<")
    number = number[:9].ljust(9, "<")
    number, birth, expiry = (part + mrz_digit(part) for part in (number, birth, expiry))
    if size == "TD1":
        first, second = (
            f"{code}{state}{number}".ljust(30, "<"),
            f"{birth}{sex}{expiry}{nationality}".ljust(29, "<"),
        )
        whole = mrz_digit(first[5:] + birth + expiry + second[18:29])
        return [first, second + whole, mrz_name(family, given, 30)]
    width = {"TD2": 36, "TD3": 44}[size]
    first = f"{code}{state}{mrz_name(family, given, width - 5)}"
    second = f"{number}{nationality}{birth}{sex}{expiry}"
    if code[0] == "V":  # a visa has no check digit over the whole
        return [first, second.ljust(width, "<")]
    if size == "TD2":
        optional = "<" * 7
        return [first, second + optional + mrz_digit(number + birth + expiry + optional)]
    optional = "<" * 14
    optional += mrz_digit(optional)
    return [first, second + optional + mrz_digit(number + birth + expiry + optional)]
