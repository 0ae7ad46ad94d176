"""The archive as static pages: `pages.build` writes them, `folder` puts them in their place."""
