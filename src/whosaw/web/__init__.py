# SPDX-License-Identifier: Apache-2.0
"""Pages: self-contained, without script, readable on paper and by machines that read aloud."""
