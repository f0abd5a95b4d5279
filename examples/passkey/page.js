// SPDX-License-Identifier: Apache-2.0
// What a browser makes of a challenge: a new passkey (`whosaw passkey add`), or a signature (`whosaw approval give`).
// The page must be served from approvals.origin: an authenticator signs for no other.
const at = (id) => document.getElementById(id);
let options;

at("challenge").onchange = async ({ target }) => {
  try {
    options = JSON.parse(await target.files[0].text());
    const made = "pubKeyCredParams" in options;
    at("said").textContent = made ? "A new passkey will be made." : "An approval will be signed.";
    at("go").disabled = false;
  } catch {
    at("said").textContent = "This is not what --challenge writes.";
  }
};

at("go").onclick = async () => {
  try {
    const made = "pubKeyCredParams" in options;
    const key = made
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
    const file = new Blob([JSON.stringify(key.toJSON())], { type: "application/json" });
    at("answer").href = URL.createObjectURL(file);
    at("answer").download = made ? "registration.json" : "assertion.json";
    at("answer").hidden = false;
    at("said").textContent = `Save it, and give it back: --${made ? "registration" : "assertion"} FILE.`;
  } catch (error) {
    at("said").textContent = `It was not done: ${error.name}. ${error.message}`;
  }
};
