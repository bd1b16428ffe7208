"""English word lists for `media.speakable.english`: data only."""

from __future__ import annotations

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

MONTHS = {name.lower(): number for number, name in enumerate(MONTH_NAMES, 1)} | {
    name.lower()[:3]: number for number, name in enumerate(MONTH_NAMES, 1)
}
MONTHS["sept"] = 9

_DOLLAR = ("dollar", "dollars", "cent", "cents")
_EURO = ("euro", "euros", "cent", "cents")
_POUND = ("pound", "pounds", "penny", "pence")
_YUAN = ("yuan", "yuan", "fen", "fen")
_HONG_KONG = ("Hong Kong dollar", "Hong Kong dollars", "cent", "cents")
CURRENCIES = {
    "$": _DOLLAR, "US$": _DOLLAR, "USD": _DOLLAR,
    "€": _EURO, "EUR": _EURO,
    "£": _POUND, "GBP": _POUND,
    "¥": _YUAN, "￥": _YUAN, "CNY": _YUAN, "RMB": _YUAN,
    "HK$": _HONG_KONG, "HKD": _HONG_KONG,
}  # fmt: skip
"""Mark → one, many, one hundredth, many hundredths."""

SCALES = {
    "k": "thousand", "thousand": "thousand",
    "m": "million", "mn": "million", "million": "million",
    "b": "billion", "bn": "billion", "billion": "billion",
    "trillion": "trillion",
}  # fmt: skip

UNITS = {
    "%": ("percent", "percent"),
    "km": ("kilometer", "kilometers"),
    "m": ("meter", "meters"),
    "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "mi": ("mile", "miles"),
    "ft": ("foot", "feet"),
    "yd": ("yard", "yards"),
    "kg": ("kilogram", "kilograms"),
    "g": ("gram", "grams"),
    "mg": ("milligram", "milligrams"),
    "lb": ("pound", "pounds"),
    "lbs": ("pound", "pounds"),
    "oz": ("ounce", "ounces"),
    "l": ("liter", "liters"),
    "L": ("liter", "liters"),
    "ml": ("milliliter", "milliliters"),
    "mL": ("milliliter", "milliliters"),
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"),
    "mph": ("mile per hour", "miles per hour"),
    "m/s": ("meter per second", "meters per second"),
    "m²": ("square meter", "square meters"),
    "m2": ("square meter", "square meters"),
    "km²": ("square kilometer", "square kilometers"),
    "m³": ("cubic meter", "cubic meters"),
    "sq ft": ("square foot", "square feet"),
    "°C": ("degree Celsius", "degrees Celsius"),
    "℃": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°": ("degree", "degrees"),
    "ms": ("millisecond", "milliseconds"),
    "s": ("second", "seconds"),
    "sec": ("second", "seconds"),
    "secs": ("second", "seconds"),
    "min": ("minute", "minutes"),
    "mins": ("minute", "minutes"),
    "h": ("hour", "hours"),
    "hr": ("hour", "hours"),
    "hrs": ("hour", "hours"),
    "Hz": ("hertz", "hertz"),
    "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"),
    "GHz": ("gigahertz", "gigahertz"),
    "W": ("watt", "watts"),
    "kW": ("kilowatt", "kilowatts"),
    "kWh": ("kilowatt hour", "kilowatt hours"),
    "V": ("volt", "volts"),
    "mAh": ("milliamp hour", "milliamp hours"),
    "KB": ("kilobyte", "kilobytes"),
    "MB": ("megabyte", "megabytes"),
    "GB": ("gigabyte", "gigabytes"),
    "TB": ("terabyte", "terabytes"),
    "Mbps": ("megabit per second", "megabits per second"),
    "Gbps": ("gigabit per second", "gigabits per second"),
}
"""Unit as written (case matters) → one, many. "in" is left out: it is a word."""

FRACTIONS = {
    (1, 2): "one half",
    (1, 3): "one third",
    (2, 3): "two thirds",
    (1, 4): "one quarter",
    (3, 4): "three quarters",
    (1, 5): "one fifth",
    (1, 8): "one eighth",
    (1, 10): "one tenth",
    (24, 7): "twenty-four seven",
}
VULGAR = {"½": " and a half", "¼": " and a quarter", "¾": " and three quarters"}

TITLES = {
    "dr": "Doctor", "mr": "Mister", "mrs": "Missus", "ms": "Miz", "prof": "Professor",
    "e.g": "for example", "i.e": "that is", "sgt": "Sergeant", "capt": "Captain", "gen": "General",
}  # fmt: skip
"""With a full stop that never ends a sentence."""

ABBREVIATIONS = {
    "etc": "et cetera", "vs": "versus", "approx": "approximately", "ave": "Avenue",
    "blvd": "Boulevard", "rd": "Road", "apt": "apartment", "dept": "department",
    "ext": "extension", "inc": "Incorporated", "ltd": "Limited", "corp": "Corporation",
    "jr": "Junior", "sr": "Senior", "max": "maximum", "tel": "telephone", "hrs": "hours",
    "mins": "minutes", "govt": "government", "univ": "university", "appt": "appointment",
    "mon": "Monday", "tue": "Tuesday", "tues": "Tuesday", "wed": "Wednesday",
    "thu": "Thursday", "thur": "Thursday", "thurs": "Thursday", "fri": "Friday",
}  # fmt: skip
"""With a full stop that may end the sentence as well."""

CODE_WORDS = (
    "code", "pin", "passcode", "password", "number", "account", "order", "ticket", "reference",
    "ref", "confirmation", "booking", "invoice", "extension", "ext", "room", "suite", "flight",
    "gate", "zip", "postcode", "id", "case", "policy", "tracking", "serial", "model",
    "ending in", "ends in", "starting with", "digits",
)  # fmt: skip
"""After one of these a number of three or more digits is read digit by digit."""

SYMBOLS = {
    "&": " and ", "@": " at ", "=": " equals ", "×": " times ", "÷": " divided by ", "#": " ",
    "%": " percent ", "°": " degrees ", "~": " ", "^": " ", "\\": " ", "{": " ", "}": " ",
    "|": ", ", "…": "...", "—": ", ", "–": ", ", "→": " to ", "™": "", "®": "", "©": "",
    "§": " section ", "±": " plus or minus ", "≈": " about ", "≤": " at most ", "≥": " at least ",
    "€": " euros ", "£": " pounds ", "¥": " yuan ", "$": " dollars ", "<": " ", ">": " ",
    "“": '"', "”": '"', "‘": "'", "’": "'",
}  # fmt: skip
