# SPDX-License-Identifier: Apache-2.0
"""All that an outsider runs: folder, statement, receipt, proof. Imports errors, model, tlog and cryptography."""
