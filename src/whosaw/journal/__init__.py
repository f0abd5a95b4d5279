# SPDX-License-Identifier: Apache-2.0
"""The journal: the only writer of the log.

    here      what writes one log and reads it: sequencer, integrator, segments, index, a start after a crash
    fsck/     holds everything on the disk against everything else            scrub/   does it for ever, a little at a time
    repair/   makes again what follows from something verified                copies/  mirrors and parcels
    cluster/  many gates, one elected sequencer, over the same parts

Invariant: what is here knows none of the five folders; they know it, and use its parts.
"""
