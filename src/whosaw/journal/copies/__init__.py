# SPDX-License-Identifier: Apache-2.0
"""Copies of the published log: a mirror that goes on, a parcel for somebody without a network."""
