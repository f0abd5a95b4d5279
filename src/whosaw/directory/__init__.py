# SPDX-License-Identifier: Apache-2.0
"""What is known of staff, cases and persons, by pseudonym, as of an instant."""
