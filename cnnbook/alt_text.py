"""Give the pictures of the rendered book the alt text that `cnnbook.plots` put beside them.

MyST-NB finds `AltText` through the entry point group `myst_nb.mime_renderers`.
"""


class AltText:
    """Render a PNG output whose metadata has an `alt` entry; leave all others to MyST-NB."""

    mime_priority_overrides = ()

    @staticmethod
    def handle_mime(renderer, data, inline):
        """Return the image node with its alt text, or None where there is none to give."""
        alt = data.output_metadata.get(data.mime_type, {}).get("alt")
        if inline or data.mime_type != "image/png" or not alt:
            return None
        images = renderer.render_image(data)
        for image in images:
            image["alt"] = alt
        return images
