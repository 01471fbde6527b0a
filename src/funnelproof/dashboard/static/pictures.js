// Saves a drawing as PNG. A picture knows no style sheet, so what each mark looks like is written into a copy first.
const LOOKS = [
  "fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap",
  "font-family", "font-size", "font-weight", "text-anchor",
];
const SHARPNESS = 2;
const MARGIN = 20;

function standalone(svg) {
  const copy = svg.cloneNode(true);
  const marks = copy.querySelectorAll("*");
  svg.querySelectorAll("*").forEach((mark, at) => {
    const seen = getComputedStyle(mark);
    for (const look of LOOKS) marks[at].setAttribute(look, seen.getPropertyValue(look));
  });
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  const text = new XMLSerializer().serializeToString(copy);
  return { width, height, address: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}` };
}

export async function picture(svg) {
  const { width, height, address } = standalone(svg);
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = (width + 2 * MARGIN) * SHARPNESS;
  canvas.height = (height + 2 * MARGIN) * SHARPNESS;
  const pen = canvas.getContext("2d");
  pen.scale(SHARPNESS, SHARPNESS);
  pen.fillStyle = getComputedStyle(svg.closest(".card") ?? document.body).backgroundColor;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, MARGIN, MARGIN, width, height);
  return canvas;
}

export async function save(svg, name) {
  const link = document.createElement("a");
  link.href = (await picture(svg)).toDataURL("image/png");
  link.download = `${name}.png`;
  link.click();
}
