// Shows openapi.json: what each request takes, and a form that sends it.

const METHODS = ["get", "post", "put", "patch", "delete"];

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function resolved(schema, api) {
  const name = schema?.$ref?.split("/").pop();
  return name ? api.components.schemas[name] : schema ?? {};
}

function typeOf(schema, api) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf) return schema.anyOf.map((option) => typeOf(option, api)).join(" or ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(", ");
  if (schema.type === "array") return `list of ${typeOf(schema.items ?? {}, api)}`;
  const bounds = [schema.minimum, schema.maximum].some((bound) => bound !== undefined)
    ? ` ${schema.minimum ?? ""} to ${schema.maximum ?? ""}`
    : "";
  return (schema.type ?? "any") + bounds;
}

function fields(schema, api) {
  const { properties = {}, required = [] } = resolved(schema, api);
  const rows = Object.entries(properties).map(([name, field]) =>
    element(
      "tr",
      {},
      element("td", {}, element("code", { textContent: name }), required.includes(name) ? " *" : ""),
      element("td", { textContent: typeOf(field, api) }),
      element("td", { textContent: field.description ?? "" }),
    ),
  );
  return rows.length ? element("table", {}, element("tbody", {}, ...rows)) : "";
}

function form(path, method, operation) {
  const inputs = (operation.parameters ?? []).map((parameter) => ({
    parameter,
    input: element("input", { required: parameter.required ?? false }),
  }));
  const body = operation.requestBody ? element("textarea", { value: "{}", ariaLabel: "body" }) : null;
  const outcome = element("pre", { hidden: true });
  const picture = element("img", { hidden: true, alt: "the picture that came back" });
  const made = element(
    "form",
    {},
    ...inputs.map(({ parameter, input }) => element("label", {}, `${parameter.name} `, input)),
    body ?? "",
    element("p", {}, element("button", { textContent: "Send" })),
    outcome,
    picture,
  );
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    let filled = path;
    const query = new URLSearchParams();
    for (const { parameter, input } of inputs) {
      if (parameter.in === "path") {
        filled = filled.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
      } else if (input.value) {
        query.set(parameter.name, input.value);
      }
    }
    outcome.hidden = false;
    outcome.textContent = "…";
    try {
      const response = await fetch(`..${filled}${query.size ? `?${query}` : ""}`, {
        method: method.toUpperCase(),
        headers: body ? { "Content-Type": "application/json" } : {},
        body: body?.value,
      });
      const isPicture = response.headers.get("content-type") === "image/jpeg";
      picture.hidden = !isPicture;
      if (isPicture) picture.src = URL.createObjectURL(await response.blob());
      outcome.textContent = `${response.status}\n${isPicture ? "" : shown(await response.text())}`;
    } catch (error) {
      outcome.textContent = `The request failed: ${error.message}`;
    }
  });
  return made;
}

function shown(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function described(path, method, operation, api) {
  const schema = operation.requestBody?.content["application/json"]?.schema;
  return element(
    "details",
    {},
    element("summary", {}, element("b", { textContent: method.toUpperCase() }), element("code", { textContent: path })),
    element("p", { textContent: operation.description ?? operation.summary ?? "" }),
    schema ? fields(schema, api) : "",
    form(path, method, operation),
  );
}

async function show() {
  const api = await (await fetch("../openapi.json")).json();
  document.querySelector("#description").textContent = api.info.description;
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((name) => name in methods)) {
      const operation = methods[method];
      const tag = operation.tags?.[0] ?? "other";
      groups.set(tag, [...(groups.get(tag) ?? []), described(path, method, operation, api)]);
    }
  }
  const main = document.querySelector("#operations");
  main.replaceChildren(
    ...[...groups].map(([tag, operations]) => element("section", {}, element("h2", { textContent: tag }), ...operations)),
  );
}

show().catch((error) => {
  document.querySelector("#operations").textContent = `The description can't be shown: ${error.message}`;
});
