// Logs in with the code behind # of the address, or with what is typed.
const message = document.getElementById("message");
const secret = document.getElementById("secret");

async function logIn(value) {
  message.textContent = "";
  const answer = await fetch("/v1/session", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ secret: value }),
  });
  if (answer.ok) {
    location.replace("/");
  } else {
    message.textContent = (await answer.json()).error.message;
  }
}

document.getElementById("login").addEventListener("submit", (event) => {
  event.preventDefault();
  logIn(secret.value.trim());
});

const code = location.hash.slice(1);
if (code) {
  history.replaceState(null, "", "/login");
  logIn(code);
}
