# SPDX-License-Identifier: Apache-2.0
"""The refusals that the package has, by their names, and no other name: who asks for another one fails here as there."""

NAMES = (
    "DeviceError", "DeviceMemory", "DeviceRemoved", "EncryptedDataInvalid", "EncryptedDataLenRange", "FunctionFailed",
    "FunctionNotSupported", "GeneralError", "KeySizeRange", "KeyTypeInconsistent", "MechanismInvalid", "MechanismParamInvalid",
    "MultipleObjectsReturned", "MultipleTokensReturned", "NoSuchKey", "NoSuchToken", "PinExpired", "PinIncorrect", "PinInvalid",
    "PinLenRange", "PinLocked", "SessionCount", "TokenNotPresent",
)  # fmt: skip


class PKCS11Error(Exception): ...


globals().update({name: type(name, (PKCS11Error,), {}) for name in NAMES})
