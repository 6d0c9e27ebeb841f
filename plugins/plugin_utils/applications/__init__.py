# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The applications of the role flask_app: their settings, their rules and their Kubernetes manifests.

Pure and typed. `settings` makes complete settings from the inventory, `rules` checks them against each other, `render`
makes the manifests with one file a kind, and `kinds` is the one table of kinds.
"""
