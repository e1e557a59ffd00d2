//! Paints a picture into a document, by changing only what differs from the one before. No virtual DOM takes part in this.

use std::collections::BTreeSet;

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

    /// Children with the same key and tag stay the same element, so that one that is focused stays so while it moves. Pictures
    /// list what they show in one order, so what stays need not change places.
    fn children_become(&mut self, new: Vec<Element>, document: &Document) -> Result<(), JsValue> {
        let are_the_same =
            self.children.len() == new.len() && self.children.iter().zip(&new).all(|(old, new)| old.is(new));
        if are_the_same {
            return self.children.iter_mut().zip(new).try_for_each(|(old, new)| old.become_(new, document));
        }
        // Looked up, and not searched for: there may be a thousand of them, in every frame.
        let stay: BTreeSet<(&str, &str)> = new.iter().map(|child| (child.key.as_str(), child.tag)).collect();
        let stays = |painted: &Painted| stay.contains(&(painted.element.key.as_str(), painted.element.tag));
        let (kept, gone): (Vec<_>, Vec<_>) = core::mem::take(&mut self.children).into_iter().partition(stays);
        drop(stay);
        for painted in gone {
            painted.node.remove();
        }
        let mut kept = kept.into_iter().peekable();
        let mut next = Vec::with_capacity(new.len());
        for child in new {
            if let Some(mut painted) = kept.next_if(|painted| painted.is(&child)) {
                painted.become_(child, document)?;
                next.push(painted);
            } else {
                let painted = Self::new(child, document)?;
                self.node.insert_before(&painted.node, kept.peek().map(|after| after.node.as_ref()))?;
                next.push(painted);
            }
        }
        // Something changed places after all: it has been painted anew where it belongs.
        for left_over in kept {
            left_over.node.remove();
        }
        self.children = next;
        Ok(())
    }

    fn is(&self, element: &Element) -> bool {
        self.element.key == element.key && self.element.tag == element.tag
    }
}
