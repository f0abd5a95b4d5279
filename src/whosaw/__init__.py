# SPDX-License-Identifier: Apache-2.0
"""Whosaw: who saw whose data, why, and can you prove it?"""
