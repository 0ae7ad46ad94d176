// Asking the control interface.

export class Refused extends Error {}

async function asked(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Refused("The sandbox does not answer; is it still running?");
  }
  if (!response.ok) {
    let said = response.statusText;
    try { said = (await response.json()).message || said; } catch { /* no JSON: the status says it */ }
    throw new Refused(said);
  }
  return response;
}

export async function get(path) {
  return (await asked(path)).json();
}

export async function text(path) {
  return (await asked(path)).text();
}

/** Does one thing, `slackbox.acts` says what there is. */
export async function act(name, given) {
  return (await asked(`/act/${name}`, post(given))).json();
}

/** Does several things in order. */
export async function acts(list) {
  return (await asked("/acts", post(list))).json();
}

const post = (body) => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
