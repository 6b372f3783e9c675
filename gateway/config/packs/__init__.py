"""Packs: an industry's point types, rules, ceilings, cards and chain as data, inherited by a site."""
