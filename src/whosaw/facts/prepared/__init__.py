# SPDX-License-Identifier: Apache-2.0
"""Tables that several detectors need, each made once and kept in the engine.

    looks       every look with who the principal was then          the only one made before looks are explained
    pair_day    who looked at whom on a day, with or without a reason
    circle      persons of interest and those around them           seeds: the first of them
    team        who works together                                  tie: who knows whom       degree: who is looked at by how many

Each module but `looks` has one function, `make(tables, looks, as_of)`, over the tables of that instant and the explained looks.
"""
