// A book that turns pages by keys, and a test that wants to know what went wrong.
window.turned = 0;
window.violations = [];
document.addEventListener("keydown", (event) => { if (event.key.startsWith("Arrow")) window.turned += 1; });
document.addEventListener("securitypolicyviolation", (event) => window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`));
