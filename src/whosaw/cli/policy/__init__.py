# SPDX-License-Identifier: Apache-2.0
"""`whosaw policy`: what decides, in words; tried on tables, on a small world, and on what was really asked."""
