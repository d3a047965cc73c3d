"""TRs, FIDs, real types, markets, sectors and codes, looked up in tables that are read on first use."""

from kiwoom.catalog import calendar, codes
from kiwoom.catalog.fields import fid, fid_number, fids
from kiwoom.catalog.finding import Hit, search
from kiwoom.catalog.legends import Legend
from kiwoom.catalog.listed import Listed, Theme, branches, find, listed_codes, listing, themes
from kiwoom.catalog.places import Sector, markets, sectors
from kiwoom.catalog.realtime import RealType, chejan_fids, real_type, real_types
from kiwoom.catalog.transactions import Field, Tr, tr, trs
from kiwoom.catalog.units import Meaning, meaning, meaning_of_fid
from kiwoom.catalog.values import Typed, typed, typed_fid

__all__ = [
    "Field",
    "Hit",
    "Legend",
    "Listed",
    "Meaning",
    "RealType",
    "Sector",
    "Theme",
    "Tr",
    "Typed",
    "branches",
    "calendar",
    "chejan_fids",
    "codes",
    "fid",
    "fid_number",
    "fids",
    "find",
    "listed_codes",
    "listing",
    "markets",
    "meaning",
    "meaning_of_fid",
    "real_type",
    "real_types",
    "search",
    "sectors",
    "themes",
    "tr",
    "trs",
    "typed",
    "typed_fid",
]
