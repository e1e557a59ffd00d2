//! Paints a picture into a document, by changing only what differs from the one before. No virtual DOM takes part in this.

use wasm_bindgen::JsValue;
use web_sys::{Document, Element as Node};

use super::markup::Element;

const SVG: &str = "http://www.w3.org/2000/svg";

/// The picture that is in the document.
pub struct Painter {
    root: Node,
    painted: Option<Painted>,
}

struct Painted {
    element: Element,
    node: Node,
    children: Vec<Painted>,
}

impl Painter {
    /// Paints into an element, whose children are the painter's alone.
    pub fn new(root: Node) -> Self {
        Self { root, painted: None }
    }

    /// Shows a picture.
    pub fn paint(&mut self, picture: Element) -> Result<(), JsValue> {
        let Some(document) = self.root.owner_document() else { return Ok(()) };
        match &mut self.painted {
            Some(painted) => painted.become_(picture, &document),
            None => {
                let painted = Painted::new(picture, &document)?;
                self.root.append_child(&painted.node)?;
                self.painted = Some(painted);
                Ok(())
            }
        }
    }
}

impl Painted {
    fn new(mut element: Element, document: &Document) -> Result<Self, JsValue> {
        let node = document.create_element_ns(Some(SVG), element.tag)?;
        for (name, value) in &element.attributes {
            node.set_attribute(name, value)?;
        }
        if !element.text.is_empty() {
            node.set_text_content(Some(&element.text));
        }
        let mut children = Vec::with_capacity(element.children.len());
        for child in core::mem::take(&mut element.children) {
            let child = Self::new(child, document)?;
            node.append_child(&child.node)?;
            children.push(child);
        }
        Ok(Self { element, node, children })
    }

    /// Changes the document where the new picture of the same element differs.
    fn become_(&mut self, mut new: Element, document: &Document) -> Result<(), JsValue> {
        for (name, value) in &new.attributes {
            if !self.element.attributes.iter().any(|old| old.0 == *name && old.1 == *value) {
                self.node.set_attribute(name, value)?;
            }
        }
        for (name, _) in &self.element.attributes {
            if !new.attributes.iter().any(|(kept, _)| kept == name) {
                self.node.remove_attribute(name)?;
            }
        }
        if new.text != self.element.text {
            self.node.set_text_content(Some(&new.text));
        }
        self.children_become(core::mem::take(&mut new.children), document)?;
        self.element = new;
        Ok(())
    }

    /// Children with the same key and tag stay the same element, so that one that is focused stays so while it moves.
    fn children_become(&mut self, new: Vec<Element>, document: &Document) -> Result<(), JsValue> {
        let mut old = core::mem::take(&mut self.children);
        let mut next = Vec::with_capacity(new.len());
        for (place, child) in new.into_iter().enumerate() {
            let is_same = |painted: &Painted| painted.element.key == child.key && painted.element.tag == child.tag;
            let kept = match old.first().is_some_and(is_same) {
                true => Some(0),
                false => old.iter().position(is_same).filter(|_| !child.key.is_empty()),
            };
            match kept {
                Some(found) => {
                    let mut painted = old.remove(found);
                    painted.become_(child, document)?;
                    next.push(painted);
                }
                None => {
                    let painted = Self::new(child, document)?;
                    let before = self.node.children().item(u32::try_from(place).unwrap_or(u32::MAX));
                    self.node.insert_before(&painted.node, before.as_deref())?;
                    next.push(painted);
                }
            }
        }
        for gone in old {
            gone.node.remove();
        }
        self.children = next;
        Ok(())
    }
}
